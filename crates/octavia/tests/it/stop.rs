//! How the service stops: softly at first, and at once when it is asked again.

use std::io::Write;
use std::net::TcpStream;

use crate::octavia::{Home, Service, until};

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let address = service.endpoint.strip_prefix("http://").unwrap();
    // A request that never ends keeps the soft stop waiting.
    let mut request = TcpStream::connect(address).unwrap();
    let head = "POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nhost: x\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    request.write_all(head.as_bytes()).unwrap();
    service
        .visit(&format!("{}/", service.endpoint))
        .await
        .unwrap();
    service.ask_to_stop();
    until("the stop to begin", async || {
        service.log().contains("SIGTERM: stopping").then_some(())
    })
    .await;
    service.ask_to_stop();
    let (status, log) = service.ended().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("SIGTERM again: stopped at once"), "{log}");
    drop(request);
}
