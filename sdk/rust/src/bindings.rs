//! The bindings generated from `wit/connector.wit`, one module per world, so that a connector exports what it names and nothing else.
//! The modules share the imports of the first one: a [`granting::hallpass::connector::host::Invocation`] is the same type in all of them.
//! Public only for the expansion of [`crate::connector!`]; authors use the names in the crate's root.
#![expect(clippy::same_length_and_capacity, reason = "generated: lists are handed over with no spare room")]

/// Bindings of the world `granting`.
pub mod granting {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "granting",
        pub_export_macro: true,
        export_macro_name: "export_grants",
        default_bindings_module: "hallpass_connector::bindings::granting",
        runtime_path: "::hallpass_connector::__wit",
    });
}
/// Bindings of the world `reaching`.
pub mod reaching {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "reaching",
        generate_all,
        runtime_path: "::hallpass_connector::__wit",
    });
}
/// Bindings of the world `checking`.
pub mod checking {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "checking",
        pub_export_macro: true,
        export_macro_name: "export_health",
        default_bindings_module: "hallpass_connector::bindings::checking",
        runtime_path: "::hallpass_connector::__wit",
        with: {
            "hallpass:connector/types@0.1.0": crate::bindings::granting::hallpass::connector::types,
            "hallpass:connector/host@0.1.0": crate::bindings::granting::hallpass::connector::host,
            "hallpass:connector/secrets@0.1.0": crate::bindings::granting::hallpass::connector::secrets,
            "hallpass:connector/sql@0.1.0": crate::bindings::granting::hallpass::connector::sql,
        },
    });
}
/// Bindings of the world `describing`.
pub mod describing {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "describing",
        pub_export_macro: true,
        export_macro_name: "export_describe",
        default_bindings_module: "hallpass_connector::bindings::describing",
        runtime_path: "::hallpass_connector::__wit",
        with: {
            "hallpass:connector/types@0.1.0": crate::bindings::granting::hallpass::connector::types,
            "hallpass:connector/host@0.1.0": crate::bindings::granting::hallpass::connector::host,
            "hallpass:connector/secrets@0.1.0": crate::bindings::granting::hallpass::connector::secrets,
            "hallpass:connector/sql@0.1.0": crate::bindings::granting::hallpass::connector::sql,
        },
    });
}
/// Bindings of the world `listing`.
pub mod listing {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "listing",
        pub_export_macro: true,
        export_macro_name: "export_inventory",
        default_bindings_module: "hallpass_connector::bindings::listing",
        runtime_path: "::hallpass_connector::__wit",
        with: {
            "hallpass:connector/types@0.1.0": crate::bindings::granting::hallpass::connector::types,
            "hallpass:connector/host@0.1.0": crate::bindings::granting::hallpass::connector::host,
            "hallpass:connector/secrets@0.1.0": crate::bindings::granting::hallpass::connector::secrets,
            "hallpass:connector/sql@0.1.0": crate::bindings::granting::hallpass::connector::sql,
        },
    });
}
/// Bindings of the world `calling`.
pub mod calling {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "calling",
        pub_export_macro: true,
        export_macro_name: "export_tools",
        default_bindings_module: "hallpass_connector::bindings::calling",
        runtime_path: "::hallpass_connector::__wit",
        with: {
            "hallpass:connector/types@0.1.0": crate::bindings::granting::hallpass::connector::types,
            "hallpass:connector/host@0.1.0": crate::bindings::granting::hallpass::connector::host,
            "hallpass:connector/secrets@0.1.0": crate::bindings::granting::hallpass::connector::secrets,
            "hallpass:connector/sql@0.1.0": crate::bindings::granting::hallpass::connector::sql,
        },
    });
}
/// Bindings of the world `settling`.
pub mod settling {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "settling",
        pub_export_macro: true,
        export_macro_name: "export_tool_outcomes",
        default_bindings_module: "hallpass_connector::bindings::settling",
        runtime_path: "::hallpass_connector::__wit",
        with: {
            "hallpass:connector/types@0.1.0": crate::bindings::granting::hallpass::connector::types,
            "hallpass:connector/host@0.1.0": crate::bindings::granting::hallpass::connector::host,
            "hallpass:connector/secrets@0.1.0": crate::bindings::granting::hallpass::connector::secrets,
            "hallpass:connector/sql@0.1.0": crate::bindings::granting::hallpass::connector::sql,
        },
    });
}
