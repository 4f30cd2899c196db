using System.Collections.Concurrent;
using Kublambda.Contracts;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>
/// Lambdas whose source has to be looked at elsewhere. Asking takes no time, so that no message waits for a server somewhere; and a namespace
/// has a bounded number of the places, so that its servers, however slow, hold up no other one.
/// </summary>
public sealed class FetchQueue(TimeProvider time, IOptions<FetchOptions> options) : IDisposable
{
    private readonly ConcurrentDictionary<LambdaRef, bool> _anew = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

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

    /// <summary>Takes one of the places of the Lambda's namespace, until <see cref="Leave"/>.</summary>
    /// <returns>False: all are taken, and the Lambda comes back to the queue by itself when it is its turn.</returns>
    public bool TryEnter(LambdaRef lambda)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(lambda.Namespace, out var lane))
                _lanes[lambda.Namespace] = lane = new Lane();
            if (lane.Working < options.Value.MaxPerNamespace)
            {
                lane.Working++;
                return true;
            }

            if (!lane.Parked.Contains(lambda))
                lane.Parked.Enqueue(lambda);
            return false;
        }
    }

    /// <summary>Gives the place back, to who of the namespace has waited longest.</summary>
    public void Leave(LambdaRef lambda)
    {
        lock (_lock)
        {
            var lane = _lanes[lambda.Namespace];
            lane.Working--;
            if (lane.Parked.TryDequeue(out var next))
                Queue.Add(next);
            else if (lane.Working == 0)
                _lanes.Remove(lambda.Namespace);
        }
    }

    public void Dispose() => Queue.Dispose();

    private sealed class Lane
    {
        public int Working { get; set; }
        public Queue<LambdaRef> Parked { get; } = new();
    }
}
