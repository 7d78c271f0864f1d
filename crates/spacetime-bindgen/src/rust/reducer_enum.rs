//! The enum of all reducers, which tells callbacks what ran and with which arguments.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::names::{field, ident, pascal, snake};
use super::types::fields;
use crate::model::Model;

pub(super) fn reducer_enum(model: &Model<'_>) -> TokenStream {
    let names: Vec<_> = model.reducers.iter().map(|reducer| ident(&pascal(reducer.accessor))).collect();
    let variants = model.reducers.iter().zip(&names).map(|(reducer, name)| {
        let fields = fields(model, &quote!(self), reducer.parameters);
        match fields.is_empty() {
            true => quote!(#name),
            false => quote!(#name { #(#fields),* }),
        }
    });
    let wires = model.reducers.iter().map(|reducer| reducer.wire);
    let encoders = model.reducers.iter().zip(&names).map(|(reducer, name)| {
        let module = ident(&format!("{}_reducer", snake(reducer.accessor)));
        let args = format_ident!("{}Args", pascal(reducer.accessor));
        let fields: Vec<_> = reducer.parameters.iter().map(|(name, _)| field(name)).collect();
        quote! {
            Self::#name { #(#fields),* } => __sats::bsatn::to_vec(&#module::#args { #(#fields: #fields.clone()),* })
        }
    });
    // A module without reducers has an enum without values, through which no reference can be matched.
    let value = if names.is_empty() { quote!(*self) } else { quote!(self) };
    quote! {
        /// A reducer of this module with the arguments it was called with.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Reducer {
            #(#variants,)*
        }

        impl __sdk::InModule for Reducer {
            type Module = RemoteModule;
        }

        impl __sdk::Reducer for Reducer {
            fn reducer_name(&self) -> &'static str {
                match #value {
                    #(Self::#names { .. } => #wires,)*
                }
            }

            fn args_bsatn(&self) -> Result<Vec<u8>, __sats::bsatn::EncodeError> {
                match #value {
                    #(#encoders,)*
                }
            }
        }
    }
}
