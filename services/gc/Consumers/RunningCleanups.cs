using System.Collections.Concurrent;
using Kublambda.Contracts;

namespace Kublambda.Gc.Consumers;

/// <summary>One clean-up at a time for each Lambda in this process. Across processes they may overlap, which does no harm.</summary>
public sealed class RunningCleanups
{
    private readonly ConcurrentDictionary<LambdaRef, bool> _running = new();

    /// <summary>Null where one runs; else dispose of the result at its end.</summary>
    public IDisposable? TryBegin(LambdaRef lambda) => _running.TryAdd(lambda, true) ? new Turn(_running, lambda) : null;

    private sealed class Turn(ConcurrentDictionary<LambdaRef, bool> running, LambdaRef lambda) : IDisposable
    {
        public void Dispose() => running.TryRemove(lambda, out _);
    }
}
