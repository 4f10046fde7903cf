//! The store: one suite, run on SQLite and on PostgreSQL.

/// Makes of each function two tests: `sqlite::NAME` and `postgres::NAME`.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::TestStore::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::TestStore::postgres().await).await;
            })*
        }
    };
}

mod audit;
mod billing;
mod credits;
mod deployments;
mod jobs;
mod keys;
mod leases;
mod platform;
mod revisions;
mod secrets;
mod sign_in;
mod timeline;
mod usage;
