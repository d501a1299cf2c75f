//! The capability `host`: the call and the wish, read-only.

use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::hallpass::connector::host::{self, Level, LogAttribute};
use crate::call::Call;

/// The call, as the guest holds it. There is one per call, so it carries nothing.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct InvocationHandle;

/// The wish, as the guest holds it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct HoldingHandle;

impl host::Host for Call {}

impl host::HostInvocation for Call {
    async fn operation(&mut self, _: Resource<InvocationHandle>) -> Result<String> {
        Ok(self.frame.call.operation.to_string())
    }

    async fn remaining_ms(&mut self, _: Resource<InvocationHandle>) -> Result<u64> {
        Ok(self.frame.remaining())
    }

    async fn dry_run(&mut self, _: Resource<InvocationHandle>) -> Result<bool> {
        Ok(self.frame.call.dry_run)
    }

    async fn cancelled(&mut self, _: Resource<InvocationHandle>) -> Result<bool> {
        Ok(self.is_cancelled())
    }

    async fn setting(&mut self, _: Resource<InvocationHandle>, key: String) -> Result<Option<String>> {
        Ok(self.frame.manifest.setting(&self.frame.call.endpoint, &key))
    }

    async fn log(&mut self, _: Resource<InvocationHandle>, level: Level, message: String, attributes: Vec<LogAttribute>) -> Result<()> {
        self.log.line(&self.frame, level, &message, &attributes);
        Ok(())
    }

    async fn drop(&mut self, handle: Resource<InvocationHandle>) -> Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl Call {
    fn wish(&self) -> Result<&hallpass_domain::port::Wish> {
        self.frame.wish.as_ref().ok_or_else(|| wasmtime::Error::msg("this call has no holding"))
    }
}

impl host::HostHolding for Call {
    async fn stamp(&mut self, _: Resource<HoldingHandle>) -> Result<String> {
        Ok(self.wish()?.stamp.to_string())
    }

    async fn provisions(&mut self, _: Resource<HoldingHandle>) -> Result<bool> {
        Ok(self.wish()?.mode == hallpass_domain::holding::Mode::Provisioning)
    }

    async fn account(&mut self, _: Resource<HoldingHandle>) -> Result<Option<String>> {
        Ok(self.wish()?.account.clone())
    }

    async fn entitlement(&mut self, _: Resource<HoldingHandle>) -> Result<String> {
        Ok(self.wish()?.entitlement.clone())
    }

    async fn resource(&mut self, _: Resource<HoldingHandle>) -> Result<String> {
        Ok(self.wish()?.resource.to_string())
    }

    async fn parameter(&mut self, _: Resource<HoldingHandle>, key: String) -> Result<Option<String>> {
        Ok(self.wish()?.parameters.get(&key).cloned())
    }

    async fn until(&mut self, _: Resource<HoldingHandle>) -> Result<u64> {
        Ok(self.wish()?.until.as_unsigned())
    }

    async fn suspended(&mut self, _: Resource<HoldingHandle>) -> Result<bool> {
        Ok(self.wish()?.suspended)
    }

    async fn fresh_credential(&mut self, _: Resource<HoldingHandle>) -> Result<bool> {
        Ok(self.wish()?.fresh_credential)
    }

    async fn locator(&mut self, _: Resource<HoldingHandle>) -> Result<Option<String>> {
        Ok(self.wish()?.locator.clone())
    }

    async fn drop(&mut self, handle: Resource<HoldingHandle>) -> Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}
