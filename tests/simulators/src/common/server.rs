//! A small HTTP/1.1 server whose handlers can lose the reply.
//!
//! `axum::serve` always answers; a simulator must be able to perform an effect and then drop the
//! connection. A response marked with [`lost`] closes the connection before a byte is written.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

use super::Error;

/// A simulator that answers. Dropping it closes the listener and all connections.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as a URL without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stop listening, let requests in flight finish, return when all is closed.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Marks a response that is never sent.
#[derive(Clone, Copy, Debug)]
struct Lost;

/// The connection is closed instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("reply lost on purpose")]
struct ReplyLost;

/// A response that is never sent: the server closes the connection instead.
#[must_use]
pub fn lost() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Lost);
    response
}

/// Listen on `addr` (port 0 for any) and answer with `router`.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn start(router: Router, addr: &str) -> Result<Running, Error> {
    let failed = |source| Error::Listen {
        addr: addr.to_owned(),
        source,
    };
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let stop = watch::Sender::new(false);
    let task = tokio::spawn(accept(listener, router, stop.subscribe()));
    Ok(Running { addr, stop, task })
}

async fn accept(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    let mut stopped = stop.clone();
    // Connections are aborted with the set when this task is.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(converse(stream, router.clone(), stop.clone()));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn converse(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            match response.extensions().get::<Lost>() {
                Some(Lost) => Err(ReplyLost),
                None => Ok(response),
            }
        }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Background(tokio::task::AbortHandle);

impl Background {
    /// Run a task in the background of a simulator.
    pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
