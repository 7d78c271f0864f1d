//! Reducers and procedures: the struct of arguments and the trait that calls them.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use spacetimedb_schema::type_for_generate::AlgebraicTypeUse;

use super::names::{field, ident, pascal, snake};
use super::types::{derives, fields, in_module, type_use};
use crate::model::{Function, Model};

/// The file for one reducer.
pub(super) fn reducer_file(model: &Model<'_>, reducer: &Function<'_>) -> TokenStream {
    let parts = Parts::new(model, reducer);
    let Parts { args, parameters, names, method, then, .. } = &parts;
    let variant = ident(&pascal(reducer.accessor));
    let variant = match names.is_empty() {
        true => quote!(Self::#variant),
        false => quote!(Self::#variant { #(#names: args.#names,)* }),
    };
    let args_struct = parts.args_struct();
    let callback = quote! {
        impl FnOnce(&super::ReducerEventContext, Result<Result<(), String>, __sdk::InternalError>) + Send + 'static
    };
    let trait_doc = format!(" Adds the reducer `{}` to [`super::RemoteReducers`].", reducer.wire);
    quote! {
        #args_struct

        impl From<#args> for super::Reducer {
            fn from(args: #args) -> Self {
                #variant
            }
        }

        #[doc = #trait_doc]
        pub trait #method {
            /// Asks the database to run this reducer, and does not wait for it.
            ///
            /// An error says that the request could not be sent.
            fn #method(&self, #(#parameters),*) -> __sdk::Result<()> {
                self.#then(#(#names,)* |_, _| {})
            }

            /// Asks the database to run this reducer; `__callback` gets the outcome.
            ///
            /// The inner error is the reducer's own, the outer one a fault of the database or the connection.
            fn #then(&self, #(#parameters,)* __callback: #callback) -> __sdk::Result<()>;
        }

        impl #method for super::RemoteReducers {
            fn #then(&self, #(#parameters,)* __callback: #callback) -> __sdk::Result<()> {
                self.imp.invoke_reducer_with_callback(#args { #(#names),* }, __callback)
            }
        }
    }
}

/// The file for one procedure.
pub(super) fn procedure_file(model: &Model<'_>, procedure: &Function<'_>) -> TokenStream {
    let parts = Parts::new(model, procedure);
    let Parts { args, parameters, names, method, then } = &parts;
    let returns = type_use(model, &quote!(super), procedure.returns.unwrap_or(&AlgebraicTypeUse::Unit));
    let args_struct = parts.args_struct();
    let callback = quote! {
        impl FnOnce(&super::ProcedureEventContext, Result<#returns, __sdk::InternalError>) + Send + 'static
    };
    let wire = procedure.wire;
    let trait_doc = format!(" Adds the procedure `{wire}` to [`super::RemoteProcedures`].");
    quote! {
        #args_struct

        #[doc = #trait_doc]
        pub trait #method {
            /// Asks the database to run this procedure, and neither waits for it nor hears of its result.
            fn #method(&self, #(#parameters),*) {
                self.#then(#(#names,)* |_, _| {})
            }

            /// Asks the database to run this procedure; `__callback` gets what it returns.
            ///
            /// The error is a fault of the database or the connection.
            fn #then(&self, #(#parameters,)* __callback: #callback);
        }

        impl #method for super::RemoteProcedures {
            fn #then(&self, #(#parameters,)* __callback: #callback) {
                self.imp.invoke_procedure_with_callback::<_, #returns>(#wire, #args { #(#names),* }, __callback)
            }
        }
    }
}

/// What a reducer's file and a procedure's have in common.
struct Parts {
    /// The struct of arguments.
    args: Ident,
    parameters: Vec<TokenStream>,
    /// The parameters' names alone.
    names: Vec<Ident>,
    method: Ident,
    then: Ident,
}

impl Parts {
    fn new(model: &Model<'_>, function: &Function<'_>) -> Self {
        let name = snake(function.accessor);
        Self {
            args: format_ident!("{}Args", pascal(function.accessor)),
            parameters: fields(model, &quote!(super), function.parameters),
            names: function.parameters.iter().map(|(name, _)| field(name)).collect(),
            method: ident(&name),
            then: format_ident!("{name}_then"),
        }
    }

    fn args_struct(&self) -> TokenStream {
        let (args, parameters) = (&self.args, &self.parameters);
        let (derives, in_module) = (derives(), in_module(args));
        quote! {
            #derives
            pub(super) struct #args { #(pub #parameters,)* }
            #in_module
        }
    }
}
