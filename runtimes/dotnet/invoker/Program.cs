using Kublambda.Invoker;

Func<string, string?> env = Environment.GetEnvironmentVariable;
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
