//! The capability `wasi:http`: requests that the manifest declares, sent by `egress`. There is no other way out: without a default,
//! the hook that sends must be written.

pub(crate) mod allow;
pub(crate) mod declare;
pub(crate) mod look;
pub(crate) mod request;
pub(crate) mod send;
pub(crate) mod slot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hallpass_egress::{is_hosts_own, is_kept_back};
use http::HeaderName;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::io;
use wasmtime_wasi_http::p2::add_only_http_to_linker_async;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
};

use crate::call::Call;
use crate::frame::Frame;

/// Names and values of one set of headers as the host keeps them, in bytes.
const FIELDS_BYTES: usize = 64 * 1024;
/// A piece of a body that a guest writes at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What a call keeps for `wasi:http`.
pub(crate) struct HttpUse {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

impl HttpUse {
    /// For one call.
    pub(crate) fn new(frame: Arc<Frame>) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(FIELDS_BYTES);
        Self { ctx, hooks: Hooks { frame } }
    }
}

struct Hooks {
    frame: Arc<Frame>,
}

type Answered = std::result::Result<(http::Response<WasiBody>, Box<dyn Future<Output = std::result::Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Hooks {
    /// For heads and trailers, of requests and of answers alike. What a guest says of itself is an error that it sees; what it may say
    /// and only the host means is dropped on the way out.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        const FRAMING: [&str; 5] = ["content-length", "content-encoding", "accept-encoding", "expect", "te"];
        let allowed = |name: &HeaderName| FRAMING.contains(&name.as_str()) || name.as_str().starts_with("sec-");
        Arc::new(move |name| DEFAULT_FORBIDDEN_HEADERS.contains(name) || ((is_hosts_own(name) || is_kept_back(name)) && !allowed(name)))
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = std::result::Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answered> + Send> {
        let frame = Arc::clone(&self.frame);
        Box::new(async move {
            let answer = send::send(&frame, request, options.unwrap_or_default()).await?;
            Ok((answer, Box::new(async { Ok(()) }) as Box<dyn Future<Output = std::result::Result<(), Error>> + Send>))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES
    }
}

impl WasiHttpView for Call {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http.hooks, table: &mut self.table, ctx: &mut self.http.ctx }
    }
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links `wasi:http` and the `wasi:io` that its bodies are read with.
pub(crate) fn link(linker: &mut Linker<Call>) -> Result<()> {
    io::error::add_to_linker::<Call, HasTable>(linker, |call| &mut call.table)?;
    io::poll::add_to_linker::<Call, HasTable>(linker, |call| &mut call.table)?;
    io::streams::add_to_linker::<Call, HasTable>(linker, |call| &mut call.table)?;
    add_only_http_to_linker_async(linker)
}
