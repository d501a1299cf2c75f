//! The one line that turns a type into a connector.

/// Exports the named interfaces from a type that implements their traits.
///
/// | word | trait |
/// | --- | --- |
/// | `health` | [`Health`](crate::Health), which every connector has |
/// | `grants` | [`Grants`](crate::grants::Grants) |
/// | `describe` | [`Describe`](crate::describe::Describe) |
/// | `inventory` | [`Inventory`](crate::inventory::Inventory) |
/// | `tools` | [`Tools`](crate::tools::Tools) |
/// | `tool_outcomes` | [`ToolOutcomes`](crate::tool_outcomes::ToolOutcomes) |
///
/// Call it once, in the crate's root:
///
/// ```
/// # use hallpass_connector::{Failure, Health, Invocation};
/// struct Ready;
///
/// impl Health for Ready {
///     fn check(_: &Invocation) -> Result<(), Failure> {
///         Ok(())
///     }
/// }
///
/// hallpass_connector::connector!(Ready: health);
/// ```
#[macro_export]
macro_rules! connector {
    ($connector:ident: $($interface:ident),+ $(,)?) => {
        $($crate::__export_interface!($connector $interface);)+
    };
}

/// One arm per interface, so that an unknown word is an error that points at the word.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    ($connector:ident health) => {
        $crate::bindings::checking::export_health!($connector with_types_in $crate::bindings::checking);
    };
    ($connector:ident grants) => {
        $crate::bindings::granting::export_grants!($connector with_types_in $crate::bindings::granting);
    };
    ($connector:ident describe) => {
        $crate::bindings::describing::export_describe!($connector with_types_in $crate::bindings::describing);
    };
    ($connector:ident inventory) => {
        $crate::bindings::listing::export_inventory!($connector with_types_in $crate::bindings::listing);
    };
    ($connector:ident tools) => {
        $crate::bindings::calling::export_tools!($connector with_types_in $crate::bindings::calling);
    };
    ($connector:ident tool_outcomes) => {
        $crate::bindings::settling::export_tool_outcomes!($connector with_types_in $crate::bindings::settling);
    };
    ($connector:ident $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is no interface of a connector: name some of health, grants, describe, inventory, tools, tool_outcomes"
        ));
    };
}
