//! Calls that end in the middle, at every point where they can: as when the caller is dropped, and
//! nearly as when the process dies.

use std::future::Future;
use std::task::Poll;

use octavia_cloud::{Compute, Mode, NetworkDriver, NewServer, ServerStatus};

use crate::namespace::{names, namespace, on_a_host};
use crate::support::{Home, exists, new_port, new_server, status, until, vip};

/// Goes on with a call at most `turns` times, and drops it if it has not ended then.
async fn cut_off<T>(turns: usize, call: impl Future<Output = T>) -> Option<T> {
    let mut call = Box::pin(call);
    let mut left = turns;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

/// Makes and deletes a server, cutting each call off after every number of turns, and compares
/// what is left each time with what should be.
async fn cut_off_everywhere(home: Home) {
    for turns in 0.. {
        let cloud = home.open().await;
        let port = cloud.create_port(&new_port(&cloud, vip()).await).await;
        let wanted = NewServer {
            ports: vec![port.unwrap().id],
            ..new_server()
        };
        let before = names();
        let created = cut_off(turns, cloud.create_server(&wanted)).await;
        let cloud = home.open().await;
        let server = cloud.create_server(&wanted).await.unwrap();
        cloud.start_server(server.id).await.unwrap();
        assert_eq!(status(&cloud, &server).await, ServerStatus::Active);
        assert_eq!(home.names("servers").len(), 1, "after {turns} turns");
        let pid = home.pid(&server);

        let deleted = cut_off(turns, cloud.delete_server(server.id)).await;
        let cloud = home.open().await;
        cloud.delete_server(server.id).await.unwrap();
        cloud.delete_port(wanted.ports[0]).await.unwrap();
        until("the process is gone", async || !exists(pid)).await;
        assert!(!namespace(&server).exists(), "after {turns} turns");
        assert_eq!(names(), before, "after {turns} turns");
        for directory in ["servers", "scratch", "addresses", "ports"] {
            let left = home.names(directory);
            assert_eq!(
                left,
                Vec::<String>::new(),
                "{directory} after {turns} turns"
            );
        }
        if created.is_some() && deleted.is_some() {
            assert!(
                turns > 5,
                "both calls ended at once, so nothing was cut off"
            );
            return;
        }
    }
}

#[tokio::test]
async fn a_call_that_is_cut_off_anywhere_is_completed_by_the_next() {
    cut_off_everywhere(Home::new()).await;
}

#[test]
fn so_is_one_that_makes_namespaces() {
    on_a_host("so_is_one_that_makes_namespaces", async |home| {
        assert_eq!(home.config.mode, Mode::Namespace);
        cut_off_everywhere(home).await;
    });
}
