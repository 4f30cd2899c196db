using Kublambda.Triggers;

namespace Kublambda.Watcher.Streams;

internal sealed partial class ObjectStream
{
    [LoggerMessage(LogLevel.Information, "{Stream}: watching")]
    private partial void LogWatching(StreamSpec stream);

    [LoggerMessage(LogLevel.Information, "{Stream}: listed {How}, {Steps} objects differ, watching from {Position}")]
    private partial void LogListed(StreamSpec stream, string how, int steps, string position);

    [LoggerMessage(LogLevel.Information, "{Stream}: the API server has no events from {Position} on: looking through the revisions that etcd has ({Error})")]
    private partial void LogExpired(StreamSpec stream, string position, string error);

    [LoggerMessage(LogLevel.Information, "{Stream}: {Changes} changes found in the revisions from {Since} to {Until}, in {Seconds:0.0} s")]
    private partial void LogReplayed(StreamSpec stream, int changes, ulong since, ulong until, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Stream}: etcd has forgotten what was between {Since} and {Until}; what an object went through in between comes as one step, and one that came and went does not come")]
    private partial void LogForgotten(StreamSpec stream, ulong since, string until);

    [LoggerMessage(LogLevel.Warning, "{Stream}: the watch went silent, opening another")]
    private partial void LogSilent(StreamSpec stream);

    [LoggerMessage(LogLevel.Warning, "{Stream}: list or watch broke (failure {Failures}): {Error}")]
    private partial void LogBroken(StreamSpec stream, string error, int failures);
}
