namespace Kublambda.Invoker;

/// <summary>What functions and the framework log by <see cref="ILogger"/>, in the invoker's own form.</summary>
internal sealed class JsonLogging(InvokerLog log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Logger(log, categoryName);

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Logger(InvokerLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var level = logLevel switch
            {
                LogLevel.Trace or LogLevel.Debug => "debug",
                LogLevel.Information => "info",
                LogLevel.Warning => "warning",
                _ => "error",
            };
            log.Write(level, formatter(state, exception), json =>
            {
                json.WriteString("category", category);
                InvokerLog.WriteException(json, exception);
            });
        }
    }
}
