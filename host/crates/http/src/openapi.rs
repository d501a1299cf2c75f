//! The OpenAPI 3.1 document. Made from the handlers; what is the same for all of them is added here.
//!
//! Each operation names its action in `x-hallpass-action`: what policy is asked, or `public`. From it follow the security
//! requirement and the answers 401 and 403.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr};

use crate::app::App;
use crate::problem::ProblemBody;
use crate::routes;

/// Which action an operation asks policy for; `public` asks for none.
pub(crate) const ACTION: &str = "x-hallpass-action";
/// The word for an operation that anybody may call.
pub(crate) const PUBLIC: &str = "public";
/// The name of the security scheme.
const SESSION: &str = "session";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Hallpass",
        description = "An access broker: ask for one thing, for a while; policy says no, yes, or who must approve; the access comes and goes in the target, and the log proves it.\n\nDurations are milliseconds, instants RFC 3339 in UTC. Unknown members of bodies and unknown query parameters are refused. Errors are problem details (RFC 9457) with a `remedy`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "sign-in", description = "Enrolment with a one-time link, and session tokens"),
        (name = "requests", description = "Asking for access"),
        (name = "approvals", description = "Verdicts of people"),
        (name = "grants", description = "Access as it stands, its credentials and passes"),
        (name = "entitlements", description = "What can be asked for"),
        (name = "targets", description = "Configured instances of connectors"),
        (name = "connectors", description = "Plugin files"),
        (name = "principals", description = "Users, agents and workloads"),
        (name = "groups", description = "Named sets of users"),
        (name = "audit", description = "The log and its proof"),
        (name = "keys", description = "Public keys of passes"),
        (name = "operation", description = "Running the broker"),
    )
)]
struct Base;

/// What the document begins with.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// The whole document.
pub fn document() -> OpenApi {
    let (_, document) = routes::table().split_for_parts();
    finish(document)
}

/// The document as JSON, two spaces to a level.
pub(crate) fn json(document: &OpenApi) -> String {
    document.to_pretty_json().unwrap_or_default()
}

/// Adds to every operation what follows from its action.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            complete(operation);
        }
    }
    refer_to_items(&mut document);
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A session token of /oauth/token")).build();
    document.components.get_or_insert_default().add_security_scheme(SESSION, SecurityScheme::Http(scheme));
    document
}

/// A list says of which type its items are by name. The derived schema of a generic type repeats them whole.
fn refer_to_items(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (name, schema) in schemas {
        let Some(item) = name.strip_prefix("List_") else { continue };
        if let RefOr::T(Schema::Object(list)) = schema
            && let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
        {
            items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
}

fn complete(operation: &mut Operation) {
    let public = action(operation) == Some(PUBLIC);
    let requirement = if public { Vec::new() } else { vec![SecurityRequirement::new(SESSION, Vec::<String>::new())] };
    operation.security = Some(requirement);
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description: &str| {
        responses.entry(status.into()).or_insert_with(|| RefOr::T(problem(description)));
    };
    if !public {
        add("401", "No session token, or none that is good");
        add("403", "Not allowed");
    }
    add("default", "Something else is wrong");
}

fn action(operation: &Operation) -> Option<&str> {
    operation.extensions.as_ref()?.get(ACTION)?.as_str()
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// Show this document
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation", operation_id = "show_document",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn show(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], app.document.to_string())
}
