//! `schedule --listen`: pages for whoever watches the loop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{info, warn};

use crate::catalogue::Catalogue;
use crate::cli::failure::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::scheduler::metrics::{Metrics, Standings};
use crate::scheduler::{Alive, Pulse};
use crate::store::Store;

/// How long the loop and the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a client may take to ask.
const HEADERS: Duration = Duration::from_secs(10);
/// How many clients at once.
const MOST: usize = 64;

/// Everything the pages are made of.
pub(super) struct Pages {
    pub(super) pulse: Pulse,
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) catalogue: watch::Receiver<Arc<Catalogue>>,
}

/// Takes the address; nobody is answered yet.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| Failure::new(Exit::Usage, format!("cannot listen on `{address}`: {error}")))
}

/// Answers whoever comes; never ends.
pub(super) async fn serve(listener: TcpListener, pages: Arc<Pages>) {
    if let Ok(address) = listener.local_addr() {
        info!("listening on http://{address}");
    }
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the places are never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: others give some back.
                warn!("a client could not be let in: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&pages), request));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEADERS).keep_alive(false);
            // A client that goes away is no news.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

async fn answer(pages: Arc<Pages>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    let (status, kind, text) = if request.method() != Method::GET && request.method() != Method::HEAD {
        (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "ask with GET\n".to_owned())
    } else {
        match request.uri().path() {
            "/healthz" => match pages.alive().await {
                Some(_) => (StatusCode::OK, PLAIN, "ok\n".to_owned()),
                None => (StatusCode::SERVICE_UNAVAILABLE, PLAIN, "the loop does not answer\n".to_owned()),
            },
            "/readyz" => match pages.ready().await {
                Ok(()) => (StatusCode::OK, PLAIN, "ok\n".to_owned()),
                Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, PLAIN, format!("{problem}\n")),
            },
            "/metrics" => (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", pages.metrics().await),
            _ => (StatusCode::NOT_FOUND, PLAIN, "there are /healthz, /readyz and /metrics\n".to_owned()),
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind.parse().expect("a plain word"));
    response.headers_mut().insert(CACHE_CONTROL, "no-store".parse().expect("a plain word"));
    Ok(response)
}

impl Pages {
    async fn alive(&self) -> Option<Alive> {
        tokio::time::timeout(PATIENCE, self.pulse.feel()).await.ok().flatten()
    }

    /// Whether the loop answers and the store can be asked. The store's own words stay in the log.
    async fn ready(&self) -> Result<(), &'static str> {
        self.alive().await.ok_or("the loop does not answer")?;
        match tokio::time::timeout(PATIENCE, self.store.pauses(SystemClock.now())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(problem)) => {
                warn!("not ready: {problem}");
                Err("the store cannot be asked")
            }
            Err(_) => Err("the store does not answer"),
        }
    }

    async fn metrics(&self) -> String {
        let alive = self.alive().await;
        let asked = async { (self.store.backlog().await.ok(), self.store.sources_down().await.ok()) };
        let (backlog, down) = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_default();
        let catalogue = Arc::clone(&self.catalogue.borrow());
        let standings =
            Standings { alive, catalogue: &catalogue, backlog: backlog.as_deref(), sources_down: down.as_deref() };
        self.metrics.render(&standings, SystemClock.now())
    }
}
