using Kublambda.Invoker;

// The invoker as an application of buildpacks: the function lies beside it. Everything else is as in the runtime's image.
Func<string, string?> env = name => name == "FUNCTION_SOURCE" ? Path.Combine(AppContext.BaseDirectory, "function") : Environment.GetEnvironmentVariable(name);
var log = InvokerLog.Of(env);
try
{
    return await new FunctionHost(InvokerSettings.Read(env), log).RunAsync();
}
catch (FatalException e)
{
    FunctionHost.Die(log, InvokerSettings.TerminationLogOf(env), e);
    return e.ExitCode;
}
