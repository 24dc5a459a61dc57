//! Members that speak HTTP/2, written by nobody here.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use octavia_amphora_api::config::{ListenerProtocol, PoolTls};

use crate::support::config::{free_port, own_address};
use crate::support::http2::{Answer, Member, Session, get, read};
use crate::support::nginx::Nginx;
use crate::support::pki::{Authority, listener_tls, pool_tls};
use crate::support::{Client, Setup, get as fetch};

const HOST: &str = "www.example.org";

fn with_http2() -> PoolTls {
    PoolTls {
        alpn: vec!["h2".into(), "http/1.1".into()],
        ..pool_tls(None)
    }
}

/// Serves plain HTTP/1.1 from a member that speaks HTTP/2.
fn plain(member: std::net::SocketAddr) -> Setup {
    Setup::new(ListenerProtocol::Http, &[member], |config| {
        config.pools[0].tls = Some(with_http2());
    })
}

/// Serves HTTP/2 on both sides.
async fn both(member: std::net::SocketAddr) -> (Setup, Session) {
    let authority = Authority::new("authority");
    let mut tls = listener_tls(vec![authority.certify(&[HOST])]);
    tls.alpn = vec!["h2".into()];
    let setup = Setup::new(ListenerProtocol::Http, &[member], |config| {
        config.listeners[0].tls = Some(tls);
        config.pools[0].tls = Some(with_http2());
    });
    let session = Session::connect(setup.address(), HOST, &authority).await;
    (setup, session)
}

type Served = Result<(), h2::Error>;

fn answer(respond: &mut SendResponse<Bytes>, text: String) -> Served {
    let response = Response::new(());
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(Bytes::from(text), true)
}

/// Answers with what was asked, and how many streams came before on the connection.
async fn echo(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    before: usize,
) -> Served {
    let (head, mut body) = request.into_parts();
    let body = read(&mut body).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let te = head.headers.get("te").is_some();
    let text = format!("{} {} {body:?} {te} {before}", head.method, head.uri);
    answer(&mut respond, text)
}

fn certificate() -> octavia_amphora_api::config::Certificate {
    Authority::new("authority").certify(&[HOST])
}

#[test]
fn nginx_serves_many_requests_of_many_clients_on_one_connection() {
    let certificate = certificate();
    let files = [
        ("chain.pem", certificate.chain.as_str()),
        ("key.pem", certificate.key.reveal()),
    ];
    let ip = own_address();
    let member = std::net::SocketAddr::new(ip, free_port(ip));
    let server = format!(
        "listen {member} ssl http2; ssl_certificate chain.pem; ssl_certificate_key key.pem; \
         location = /proto {{ return 200 \"$server_protocol $connection_requests $request_method\"; }}"
    );
    let Some(_nginx) = Nginx::start(&files, &server) else {
        return;
    };
    let setup = plain(member);
    assert_eq!(fetch(setup.address(), "/proto").text(), "HTTP/2.0 1 GET");
    let mut client = Client::connect(setup.address());
    let numbers: Vec<String> = (0..6).map(|_| client.get("/proto").text()).collect();
    // Each of the two loops has a connection of its own.
    let last = numbers.last().expect("an answer");
    assert!(numbers.iter().all(|text| text.starts_with("HTTP/2.0")));
    assert!(last.ends_with("6 GET") || last.ends_with("7 GET"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_http_1_1_becomes_one_of_http_2() {
    let member = Member::serve(&certificate(), echo).await;
    let setup = plain(member.address);
    let address = setup.address();
    let asking = tokio::task::spawn_blocking(move || {
        let mut client = Client::connect(address);
        client.send(
            "POST /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\
             Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        );
        client.response()
    });
    let response = asking.await.expect("an answer");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert_eq!(response.text(), r#"POST https://x/a?b "abc" true 0"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_a_client_share_a_connection_to_the_member() {
    let member = Member::serve(&certificate(), echo).await;
    let (_setup, mut session) = both(member.address).await;
    session.get("/first").await;
    let mut asked = Vec::new();
    for number in 0..50 {
        let (response, mut body) = session.begin(get(&format!("/{number}"))).await;
        body.send_data(Bytes::from("x"), true).expect("send");
        asked.push((number, response));
    }
    for (number, response) in asked {
        let answer = Answer::read(response.await.expect("a head")).await;
        let text = answer.expect("an answer").text();
        let expected = format!("GET https://www.example.org/{number} \"x\" true");
        assert!(text.starts_with(&expected), "{text}");
    }
    assert_eq!(*member.streams.lock().expect("no thread panicked"), [51]);
}

/// As gRPC does: a call that streams both ways, and ends with a status in the trailers.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_streams_both_ways_at_once_and_ends_with_trailers() {
    async fn serve(
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        _before: usize,
    ) -> Served {
        let mut body = request.into_body();
        let response = Response::builder().header("content-type", "application/grpc");
        let response = response.body(()).expect("a response");
        let mut stream = respond.send_response(response, false)?;
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            stream.send_data(data, false)?;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().expect("a value"));
        stream.send_trailers(trailers)
    }
    let member = Member::serve(&certificate(), serve).await;
    let (_setup, mut session) = both(member.address).await;
    let mut request = get("/service/method");
    *request.method_mut() = http::Method::POST;
    let (response, mut up) = session.begin(request).await;
    let mut down = response.await.expect("a head").into_body();
    for number in 0..20 {
        let message = format!("message {number}");
        up.send_data(Bytes::from(message.clone()), false)
            .expect("send");
        let mut echoed = Vec::new();
        while echoed.len() < message.len() {
            let data = down.data().await.expect("more").expect("data");
            echoed.extend_from_slice(&data);
        }
        assert_eq!(echoed, message.as_bytes());
    }
    up.send_data(Bytes::new(), true).expect("send");
    assert!(down.data().await.is_none());
    let trailers = down.trailers().await.expect("trailers");
    let trailers = trailers.expect("trailers");
    assert_eq!(trailers.get("grpc-status").expect("a status"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_is_cancelled_at_the_member() {
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    let member = Member::serve(&certificate(), move |request, mut respond, before| {
        let tell = tell.clone();
        async move {
            if before > 0 {
                return echo(request, respond, before).await;
            }
            tell.send(None).await.ok();
            let reason = std::future::poll_fn(|context| respond.poll_reset(context)).await?;
            tell.send(Some(reason)).await.ok();
            Ok(())
        }
    })
    .await;
    let (_setup, mut session) = both(member.address).await;
    let (response, mut body) = session.begin(get("/")).await;
    assert_eq!(told.recv().await, Some(None));
    body.send_reset(h2::Reason::CANCEL);
    drop(response);
    assert_eq!(told.recv().await, Some(Some(h2::Reason::CANCEL)));
    assert!(session.get("/").await.text().ends_with(" 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_refused_is_tried_on_another_connection() {
    async fn serve(
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        before: usize,
    ) -> Served {
        if before == 1 {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            return Ok(());
        }
        echo(request, respond, before).await
    }
    let member = Member::serve(&certificate(), serve).await;
    let (_setup, mut session) = both(member.address).await;
    assert!(session.get("/a").await.text().ends_with(" 0"));
    let text = session.get("/b").await.text();
    assert_eq!(text, r#"GET https://www.example.org/b "" true 0"#);
    let streams = member.streams.lock().expect("no thread panicked").clone();
    assert_eq!(streams, [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_the_member_resets_is_a_bad_gateway() {
    async fn serve(
        _request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        _before: usize,
    ) -> Served {
        respond.send_reset(h2::Reason::INTERNAL_ERROR);
        Ok(())
    }
    let member = Member::serve(&certificate(), serve).await;
    let (_setup, mut session) = both(member.address).await;
    assert_eq!(session.get("/").await.head.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_wait_for_both_sides() {
    let member = Member::serve(&certificate(), |request, mut respond, _| async move {
        let body = read(&mut request.into_body()).await?;
        answer(&mut respond, "x".repeat(body.len()))
    })
    .await;
    let (_setup, mut session) = both(member.address).await;
    let (response, mut body) = session.begin(get("/")).await;
    body.send_data(Bytes::from(vec![b'y'; 4_000_000]), true)
        .expect("send");
    let answer = Answer::read(response.await.expect("a head")).await;
    assert_eq!(answer.expect("an answer").body.len(), 4_000_000);
}
