//! Small modules around a description of a schema.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink, MemorySection, MemoryType, Module, StartSection, TypeSection, ValType,
};

/// Where in memory the description lies, and where its length. Nothing may lie at zero, which counts as nowhere.
const DESCRIPTION: u32 = 16;
const LENGTH: u32 = 8;
const PAGE_BYTES: usize = 64 * 1024;

/// What a module does besides describing itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Nothing.
    Decent,
    /// It never ends when it is started.
    StartsForEver,
    /// It never ends when it is asked for its description.
    DescribesForEver,
    /// It calls itself without end.
    RecursesForEver,
    /// It wants all the memory there is.
    Hoards,
    /// Its code is nested so many blocks deep.
    Nests(u16),
}

/// A module with this description (`RawModuleDef` in BSATN).
pub fn module(description: &[u8], manner: Manner) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&types()).section(&imports()).section(&functions()).section(&memory(description.len(), manner));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("__describe_module__", ExportKind::Func, 1);
    exports.export("__call_reducer__", ExportKind::Func, 2);
    module.section(&exports);
    if manner == Manner::StartsForEver {
        module.section(&StartSection { function_index: 3 });
    }
    module.section(&code(manner)).section(&data(description));
    module.finish()
}

fn types() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 3], [ValType::I32]);
    types.ty().function([ValType::I32], []);
    let (small, large) = (ValType::I32, ValType::I64);
    types.ty().function([small, large, large, large, large, large, large, large, small, small], [small]);
    types.ty().function([], []);
    types
}

fn imports() -> ImportSection {
    let mut imports = ImportSection::new();
    imports.import("spacetime_10.0", "bytes_sink_write", EntityType::Function(0));
    imports
}

fn functions() -> FunctionSection {
    let mut functions = FunctionSection::new();
    functions.function(1).function(2).function(3);
    functions
}

fn memory(description_bytes: usize, manner: Manner) -> MemorySection {
    let minimum = if manner == Manner::Hoards { 65_536 } else { (description_bytes / PAGE_BYTES + 2) as u64 };
    let mut memory = MemorySection::new();
    memory.memory(MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None });
    memory
}

fn code(manner: Manner) -> CodeSection {
    let mut code = CodeSection::new();
    code.function(&function(|body| {
        match manner {
            Manner::DescribesForEver => for_ever(body),
            Manner::RecursesForEver => {
                body.local_get(0).call(1);
            }
            Manner::Nests(depth) => {
                for _ in 0..depth {
                    body.block(BlockType::Empty);
                }
                for _ in 0..depth {
                    body.end();
                }
            }
            _ => {}
        }
        body.local_get(0).i32_const(DESCRIPTION.cast_signed()).i32_const(LENGTH.cast_signed()).call(0).drop();
    }));
    code.function(&function(|body| {
        body.i32_const(0);
    }));
    code.function(&function(for_ever));
    code
}

fn function(fill: impl FnOnce(&mut InstructionSink)) -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    fill(&mut body);
    body.end();
    function
}

fn for_ever(body: &mut InstructionSink) {
    body.loop_(BlockType::Empty).br(0).end();
}

fn data(description: &[u8]) -> DataSection {
    let length = u32::try_from(description.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(LENGTH.cast_signed()), length);
    data.active(0, &ConstExpr::i32_const(DESCRIPTION.cast_signed()), description.iter().copied());
    data
}
