//! Bindings of the WIT package: generated from the world that holds everything. A connector need not export all of it, so only
//! the per-interface indices of what it does export are used, never the world's own.

use crate::capability::host::{HoldingHandle, InvocationHandle};
use crate::capability::secrets::SecretHandle;
use crate::capability::sql::SessionHandle;

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "connector",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "hallpass:connector/host.invocation": InvocationHandle,
        "hallpass:connector/host.holding": HoldingHandle,
        "hallpass:connector/secrets.secret": SecretHandle,
        "hallpass:connector/sql.session": SessionHandle,
    },
});
