//! Reads a test module's schema from its built wasm, without the engine.

use std::path::{Path, PathBuf};

use spacetimedb_lib::{RawModuleDef, bsatn};
use spacetimedb_schema::def::ModuleDef;
use wasmi::{Caller, Engine, Error, ExternType, Func, Linker, Module, Store, Val};

/// The sink's handle that the module is told to write its description to; any number but 0 will do.
const SINK: u32 = 1;

/// The schema of the module `name`, which `cargo xtask build` has built.
pub fn module_def(name: &str) -> ModuleDef {
    let path = repository().join("target/modules").join(name).with_extension("wasm");
    let wasm = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}; run `cargo xtask build`", path.display()));
    let description = describe(&wasm).unwrap();
    let raw: RawModuleDef = bsatn::from_slice(&description).unwrap();
    ModuleDef::try_from(raw).unwrap()
}

/// The repository's root folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Calls `__describe_module__` on a host whose only working import is the one it needs.
fn describe(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, Vec::new());
    let mut linker = Linker::new(&engine);
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        let name = import.name().to_owned();
        let func = match name.as_str() {
            "bytes_sink_write" => Func::wrap(&mut store, bytes_sink_write),
            _ => Func::new(&mut store, ty.clone(), move |_, _, _| {
                Err(Error::new(format!("describing a module must not call {name}")))
            }),
        };
        linker.define(import.module(), import.name(), func)?;
    }
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    for name in preinit_functions(&module) {
        call(&mut store, &instance, &name, &[])?;
    }
    call(&mut store, &instance, "__describe_module__", &[Val::I32(SINK as i32)])?;
    Ok(store.into_data())
}

/// The registration functions, which a host calls in the order of their names.
fn preinit_functions(module: &Module) -> Vec<String> {
    let names = module.exports().map(|export| export.name().to_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("__preinit__")).collect();
    names.sort();
    names
}

fn call(store: &mut Store<Vec<u8>>, instance: &wasmi::Instance, name: &str, args: &[Val]) -> Result<(), Error> {
    let func =
        instance.get_func(&*store, name).ok_or_else(|| Error::new(format!("the module does not export {name}")))?;
    func.call(store, args, &mut [])
}

/// The host function that appends a buffer of the module's memory to the sink and reports success.
fn bytes_sink_write(mut caller: Caller<'_, Vec<u8>>, _sink: u32, buffer: u32, length: u32) -> Result<u32, Error> {
    let memory = caller
        .get_export("memory")
        .and_then(wasmi::Extern::into_memory)
        .ok_or_else(|| Error::new("the module exports no memory"))?;
    let (bytes, sink) = memory.data_and_store_mut(&mut caller);
    let word = |at: u32| bytes.get(at as usize..).and_then(|rest| rest.first_chunk::<4>());
    let count = word(length).map(|word| u32::from_le_bytes(*word) as usize);
    let chunk = count.and_then(|count| bytes.get(buffer as usize..)?.get(..count));
    sink.extend_from_slice(chunk.ok_or_else(|| Error::new("the module wrote from outside its memory"))?);
    Ok(0)
}
