//! A small component that the compiler cannot chew in the memory that it may have: one function with a great many values alive at
//! once.

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Module, TypeSection, ValType,
};

/// How many values are alive at once in the function.
const VALUES: u32 = 400_000;

pub(in super::super) fn make() -> Vec<u8> {
    super::compile_treadmill::component("bomb", &module())
}

fn module() -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    module.section(&types);
    let mut functions = FunctionSection::new();
    functions.function(0);
    module.section(&functions);
    let mut globals = GlobalSection::new();
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(1));
    module.section(&globals);
    let mut exports = ExportSection::new();
    exports.export("bomb", ExportKind::Func, 0);
    module.section(&exports);
    let mut body = Function::new([]);
    for _ in 0..VALUES {
        body.instructions().global_get(0).global_get(0).i32_mul().global_set(0).global_get(0);
    }
    for _ in 1..VALUES {
        body.instructions().i32_xor();
    }
    body.instructions().end();
    let mut code = CodeSection::new();
    code.function(&body);
    module.section(&code);
    module.finish()
}
