using System.Collections.Concurrent;
using Kublambda.Contracts;
using Kublambda.Kubernetes;

namespace Kublambda.Builder.Remote;

/// <summary>Lambdas whose source has to be looked at elsewhere. Asking takes no time, so that no message waits for a server somewhere.</summary>
public sealed class FetchQueue(TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<LambdaRef, bool> _anew = new();

    public WorkQueue<LambdaRef> Queue { get; } = new(time);

    /// <param name="lambda">The Lambda.</param>
    /// <param name="anew">Also where a branch points to; else what was seen last will do.</param>
    public void Ask(LambdaRef lambda, bool anew)
    {
        if (anew)
            _anew[lambda] = true;
        Queue.Add(lambda);
    }

    /// <summary>Whether one of those who asked wants it anew; asked once.</summary>
    public bool TakeAnew(LambdaRef lambda) => _anew.TryRemove(lambda, out _);

    public void Dispose() => Queue.Dispose();
}
