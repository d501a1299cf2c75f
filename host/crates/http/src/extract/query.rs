//! Queries. An unknown parameter is refused: a filter with a typing error must not list everything.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hallpass_broker::Page;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The query of a call.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::WrongQuery { reason: bounded(&rejection.body_text()) }),
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The part of a list that is asked for.
pub(crate) fn page(after: Option<String>, limit: Option<u32>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(Page::DEFAULT);
    if limit == 0 || limit > Page::MOST {
        return Err(Problem::WrongQuery { reason: format!("limit must be 1 to {}, it is {limit}", Page::MOST) });
    }
    Ok(Page { after, limit })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        limit: Option<u32>,
    }

    async fn read(uri: &str) -> Result<Filter, Problem> {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Query::from_request_parts(&mut parts, &()).await.map(|Query(filter)| filter)
    }

    #[tokio::test]
    async fn an_unknown_or_unreadable_parameter_is_named() {
        assert_eq!(read("/?limit=3").await.unwrap().limit, Some(3));
        for (uri, named) in [("/?limti=3", "limti"), ("/?limit=three", "limit"), ("/?limit=1&limit=2", "limit")] {
            let Err(Problem::WrongQuery { reason }) = read(uri).await else { panic!("{uri} was taken") };
            assert!(reason.contains(named), "{reason}");
        }
    }

    #[test]
    fn a_part_of_a_list_is_bounded() {
        assert_eq!(page(None, None).unwrap().limit, Page::DEFAULT);
        assert_eq!(page(None, Some(Page::MOST)).unwrap().limit, Page::MOST);
        for bad in [0, Page::MOST + 1] {
            assert!(matches!(page(None, Some(bad)), Err(Problem::WrongQuery { .. })), "{bad}");
        }
    }
}
