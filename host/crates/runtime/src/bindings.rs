//! Bindings of the WIT package: generated from the world that holds everything. A connector need not export all of it, so only
//! the per-interface indices of what it does export are used, never the world's own.

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "connector",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "hallpass:connector/host.invocation": crate::capability::host::InvocationHandle,
        "hallpass:connector/host.holding": crate::capability::host::HoldingHandle,
        "hallpass:connector/secrets.secret": crate::capability::secrets::SecretHandle,
        "hallpass:connector/sql.session": crate::capability::sql::SessionHandle,
    },
});
