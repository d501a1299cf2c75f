//! A component that keeps the compiler busy for longer than it may be: a great many functions, each of them work.

use wasm_encoder::{
    CodeSection, ComponentSection as _, ComponentSectionId, Function, FunctionSection, Module, RawSection, TypeSection, ValType,
};

const FUNCTIONS: u32 = 2_000;
const STEPS: u32 = 1_500;

pub(in super::super) fn make() -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([ValType::I64, ValType::I64], [ValType::I64]);
    module.section(&types);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut body = Function::new([]);
    body.instructions().local_get(0);
    for _ in 0..STEPS {
        body.instructions().local_get(1).i64_mul().local_get(0).i64_add().i64_popcnt();
    }
    body.instructions().end();
    for _ in 0..FUNCTIONS {
        functions.function(0);
        code.function(&body);
    }
    module.section(&functions);
    module.section(&code);
    component("treadmill", &module.finish())
}

/// A connector in every respect, with this module in it, which nothing uses.
pub(super) fn component(name: &str, module: &[u8]) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat/remember.wat");
    let mut file = hallpass_tests::guests::encoded(wat::parse_file(path).unwrap());
    // Sections of a component may come in any order.
    RawSection { id: ComponentSectionId::CoreModule.into(), data: module }.append_to_component(&mut file);
    hallpass_build::embed(file, hallpass_tests::guests::manifest(name).as_bytes(), b"{\"rules\":[]}")
}
