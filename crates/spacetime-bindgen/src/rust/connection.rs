//! The connection, the contexts of callbacks, and the type that ties the bindings to the SDK.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::names::{ident, snake};
use crate::model::Model;

pub(super) fn connection(model: &Model<'_>) -> TokenStream {
    let remote_module = remote_module(model);
    let remotes = [
        ("RemoteTables", " The tables and views of this module: the field `db` of every context."),
        ("RemoteReducers", " The reducers of this module: the field `reducers` of every context."),
        ("RemoteProcedures", " The procedures of this module: the field `procedures` of every context."),
    ]
    .map(|(name, doc)| remote(name, doc));
    let connection = db_connection();
    let subscription_handle = subscription_handle();
    let contexts = CONTEXTS.iter().map(Context::tokens);
    quote! {
        #remote_module
        #(#remotes)*
        #connection
        #subscription_handle
        #(#contexts)*
    }
}

fn remote_module(model: &Model<'_>) -> TokenStream {
    let modules = model.tables.iter().map(|table| ident(&format!("{}_table", snake(table.accessor))));
    // `SELECT * FROM view` is an error when the view has parameters.
    let selectable = model.tables.iter().filter(|table| table.parameters.is_empty()).map(|table| table.wire);
    quote! {
        #[doc(hidden)]
        #[derive(Debug)]
        pub struct RemoteModule;

        impl __sdk::InModule for RemoteModule {
            type Module = Self;
        }

        impl __sdk::SpacetimeModule for RemoteModule {
            type DbConnection = DbConnection;
            type EventContext = EventContext;
            type ReducerEventContext = ReducerEventContext;
            type ProcedureEventContext = ProcedureEventContext;
            type SubscriptionEventContext = SubscriptionEventContext;
            type ErrorContext = ErrorContext;
            type Reducer = Reducer;
            type DbView = RemoteTables;
            type Reducers = RemoteReducers;
            type Procedures = RemoteProcedures;
            type DbUpdate = DbUpdate;
            type AppliedDiff<'r> = AppliedDiff<'r>;
            type SubscriptionHandle = SubscriptionHandle;
            type QueryBuilder = __sdk::QueryBuilder;

            fn register_tables(client_cache: &mut __sdk::ClientCache<Self>) {
                #(#modules::register_table(client_cache);)*
            }

            const ALL_TABLE_NAMES: &'static [&'static str] = &[#(#selectable),*];
        }
    }
}

fn remote(name: &str, doc: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote! {
        #[doc = #doc]
        pub struct #name {
            imp: __sdk::DbContextImpl<RemoteModule>,
        }

        impl __sdk::InModule for #name {
            type Module = RemoteModule;
        }
    }
}

fn db_connection() -> TokenStream {
    let (fields, values, db_context) = (context_fields(), context_values(), db_context("DbConnection"));
    quote! {
        /// A connection to a database with this module, and a cache of the rows it is subscribed to.
        ///
        /// Nothing happens unless messages are processed: call `run_threaded` (natively),
        /// `run_background_task` (in a browser), `run_async`, or `frame_tick` once a frame.
        pub struct DbConnection {
            #fields
            imp: __sdk::DbContextImpl<RemoteModule>,
        }

        impl __sdk::InModule for DbConnection {
            type Module = RemoteModule;
        }

        impl __sdk::DbConnection for DbConnection {
            fn new(imp: __sdk::DbContextImpl<RemoteModule>) -> Self {
                Self { #values imp }
            }
        }

        #db_context

        impl DbConnection {
            /// Starts the configuration of a new connection.
            pub fn builder() -> __sdk::DbConnectionBuilder<RemoteModule> {
                __sdk::DbConnectionBuilder::new()
            }

            /// Processes one waiting message; `false` says that none was waiting.
            ///
            /// An error says that the connection is closed.
            pub fn advance_one_message(&self) -> __sdk::Result<bool> {
                self.imp.advance_one_message()
            }

            /// Processes one message, and blocks the thread until there is one.
            #[cfg(not(target_arch = "wasm32"))]
            pub fn advance_one_message_blocking(&self) -> __sdk::Result<()> {
                self.imp.advance_one_message_blocking()
            }

            /// Processes one message as soon as there is one.
            pub async fn advance_one_message_async(&self) -> __sdk::Result<()> {
                self.imp.advance_one_message_async().await
            }

            /// Processes every waiting message and returns at once.
            pub fn frame_tick(&self) -> __sdk::Result<()> {
                self.imp.frame_tick()
            }

            /// Starts a thread that processes messages until the connection closes.
            #[cfg(not(target_arch = "wasm32"))]
            pub fn run_threaded(&self) -> std::thread::JoinHandle<()> {
                self.imp.run_threaded()
            }

            /// Starts a task of the browser's that processes messages until the connection closes.
            #[cfg(target_arch = "wasm32")]
            pub fn run_background_task(&self) {
                self.imp.run_background_task()
            }

            /// Processes messages until the connection closes.
            pub async fn run_async(&self) -> __sdk::Result<()> {
                self.imp.run_async().await
            }
        }

        /// Any context of this module: bound generic code by it.
        pub trait RemoteDbContext:
            __sdk::DbContext<
                DbView = RemoteTables,
                Reducers = RemoteReducers,
                Procedures = RemoteProcedures,
                SubscriptionBuilder = __sdk::SubscriptionBuilder<RemoteModule>,
            >
        {
        }

        impl<Ctx> RemoteDbContext for Ctx
        where
            Ctx: __sdk::DbContext<
                DbView = RemoteTables,
                Reducers = RemoteReducers,
                Procedures = RemoteProcedures,
                SubscriptionBuilder = __sdk::SubscriptionBuilder<RemoteModule>,
            >,
        {
        }
    }
}

fn subscription_handle() -> TokenStream {
    quote! {
        /// A subscription, which ends when it is told to or when the connection closes.
        #[derive(Clone)]
        pub struct SubscriptionHandle {
            imp: __sdk::SubscriptionHandleImpl<RemoteModule>,
        }

        impl __sdk::InModule for SubscriptionHandle {
            type Module = RemoteModule;
        }

        impl __sdk::SubscriptionHandle for SubscriptionHandle {
            fn new(imp: __sdk::SubscriptionHandleImpl<RemoteModule>) -> Self {
                Self { imp }
            }

            fn is_ended(&self) -> bool {
                self.imp.is_ended()
            }

            fn is_active(&self) -> bool {
                self.imp.is_active()
            }

            fn unsubscribe_then(self, on_end: __sdk::OnEndedCallback<RemoteModule>) -> __sdk::Result<()> {
                self.imp.unsubscribe_then(Some(on_end))
            }

            fn unsubscribe(self) -> __sdk::Result<()> {
                self.imp.unsubscribe_then(None)
            }
        }
    }
}

/// What a kind of callback is given.
struct Context {
    name: &'static str,
    doc: &'static str,
    event: Event,
}

enum Event {
    Row,
    Reducer,
    Error,
    None,
}

const CONTEXTS: [Context; 5] = [
    Context {
        name: "EventContext",
        doc: " What row callbacks get: the connection, and why the row changed.",
        event: Event::Row,
    },
    Context {
        name: "ReducerEventContext",
        doc: " What reducer callbacks get: the connection, and the reducer that ran.",
        event: Event::Reducer,
    },
    Context {
        name: "ProcedureEventContext",
        doc: " What procedure callbacks get: the connection.",
        event: Event::None,
    },
    Context {
        name: "SubscriptionEventContext",
        doc: " What subscription callbacks get: the connection.",
        event: Event::None,
    },
    Context {
        name: "ErrorContext",
        doc: " What error callbacks get: the connection, and the error if there is one.",
        event: Event::Error,
    },
];

impl Context {
    fn tokens(&self) -> TokenStream {
        let (name, doc) = (format_ident!("{}", self.name), self.doc);
        let (fields, values, db_context) = (context_fields(), context_values(), db_context(self.name));
        let event = match self.event {
            Event::Row => quote!(__sdk::Event<Reducer>),
            Event::Reducer => quote!(__sdk::ReducerEvent<Reducer>),
            Event::Error => quote!(Option<__sdk::Error>),
            Event::None => quote!(()),
        };
        let (event_field, event_value, event_ref) = match self.event {
            Event::None => (quote!(), quote!(), quote!(&())),
            _ => (quote!(/** Why the callback runs. */ pub event: #event,), quote!(event,), quote!(&self.event)),
        };
        quote! {
            #[doc = #doc]
            pub struct #name {
                #fields
                #event_field
                imp: __sdk::DbContextImpl<RemoteModule>,
            }

            impl __sdk::AbstractEventContext for #name {
                type Event = #event;

                fn event(&self) -> &Self::Event {
                    #event_ref
                }

                fn new(imp: __sdk::DbContextImpl<RemoteModule>, event: Self::Event) -> Self {
                    Self { #values #event_value imp }
                }
            }

            impl __sdk::InModule for #name {
                type Module = RemoteModule;
            }

            impl __sdk::#name for #name {}

            #db_context
        }
    }
}

/// The public fields of the connection and of every context.
fn context_fields() -> TokenStream {
    quote! {
        /// The tables and views.
        pub db: RemoteTables,
        /// The reducers.
        pub reducers: RemoteReducers,
        /// The procedures.
        pub procedures: RemoteProcedures,
    }
}

fn context_values() -> TokenStream {
    quote! {
        db: RemoteTables { imp: imp.clone() },
        reducers: RemoteReducers { imp: imp.clone() },
        procedures: RemoteProcedures { imp: imp.clone() },
    }
}

fn db_context(name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote! {
        impl __sdk::DbContext for #name {
            type DbView = RemoteTables;
            type Reducers = RemoteReducers;
            type Procedures = RemoteProcedures;
            type SubscriptionBuilder = __sdk::SubscriptionBuilder<RemoteModule>;

            fn db(&self) -> &Self::DbView {
                &self.db
            }

            fn reducers(&self) -> &Self::Reducers {
                &self.reducers
            }

            fn procedures(&self) -> &Self::Procedures {
                &self.procedures
            }

            fn is_active(&self) -> bool {
                self.imp.is_active()
            }

            fn disconnect(&self) -> __sdk::Result<()> {
                self.imp.disconnect()
            }

            fn subscription_builder(&self) -> Self::SubscriptionBuilder {
                __sdk::SubscriptionBuilder::new(&self.imp)
            }

            fn try_identity(&self) -> Option<__sdk::Identity> {
                self.imp.try_identity()
            }

            fn connection_id(&self) -> __sdk::ConnectionId {
                self.imp.connection_id()
            }

            fn try_connection_id(&self) -> Option<__sdk::ConnectionId> {
                self.imp.try_connection_id()
            }
        }
    }
}
