using k8s.Models;
using Kublambda.Contracts;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>
/// The places for build pods, and the Lambdas that wait for one. What waits is known here only so that it starts
/// promptly; after a restart the controller says it again.
/// </summary>
public sealed class BuildSlots(IOptions<BuildOptions> options)
{
    private readonly int _places = options.Value.MaxConcurrent;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LambdaRef> _reserved = new(StringComparer.Ordinal);
    private readonly List<LambdaRef> _waiting = [];

    /// <summary>Lambdas that wait here for a place.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    public bool IsWaiting(LambdaRef lambda)
    {
        lock (_lock)
            return _waiting.Contains(lambda);
    }

    /// <summary>Takes a place, or notes the Lambda as waiting.</summary>
    /// <param name="lambda">Who wants to build.</param>
    /// <param name="podName">The pod that takes the place once it is there.</param>
    /// <param name="pods">All build pods as the API server has them.</param>
    /// <returns>To be disposed of when the pod is there, or will not be; null: all places are taken.</returns>
    public IDisposable? TryTake(LambdaRef lambda, string podName, IReadOnlyList<V1Pod> pods)
    {
        lock (_lock)
        {
            var active = Active(pods);
            if (active.ContainsKey(podName))
            {
                // Somebody else was quicker with the very same build; its place is this one's too.
                _waiting.Remove(lambda);
                return new Reservation(null, podName);
            }

            var mine = active.Values.Count(l => l.Namespace == lambda.Namespace);
            // Whoever waits in a namespace with fewer builds comes first.
            var others = _waiting.Count(w => w != lambda && active.Values.Count(l => l.Namespace == w.Namespace) < mine);
            if (active.Count + others >= _places)
            {
                if (!_waiting.Contains(lambda))
                    _waiting.Add(lambda);
                return null;
            }

            _waiting.Remove(lambda);
            _reserved[podName] = lambda;
            return new Reservation(this, podName);
        }
    }

    /// <summary>Takes from the waiting as many as there are free places: from the namespaces with the fewest builds, the longest waiting first.</summary>
    public IReadOnlyList<LambdaRef> TakeNext(IEnumerable<V1Pod> pods)
    {
        lock (_lock)
        {
            var running = Active(pods).Values.ToList();
            var next = new List<LambdaRef>();
            while (_waiting.Count > 0 && running.Count < _places)
            {
                var first = _waiting.MinBy(w => running.Count(r => r.Namespace == w.Namespace))!;
                _waiting.Remove(first);
                running.Add(first);
                next.Add(first);
            }

            return next;
        }
    }

    /// <summary>No longer waiting: deleted, or built by somebody else.</summary>
    public void Forget(LambdaRef lambda)
    {
        lock (_lock)
            _waiting.Remove(lambda);
    }

    private Dictionary<string, LambdaRef> Active(IEnumerable<V1Pod> pods)
    {
        var active = new Dictionary<string, LambdaRef>(_reserved, StringComparer.Ordinal);
        foreach (var pod in pods.Where(BuildPod.TakesPlace))
        {
            if (BuildPod.LambdaOf(pod) is { } lambda)
                active[pod.Name()] = lambda;
        }

        return active;
    }

    private void Release(string podName)
    {
        lock (_lock)
            _reserved.Remove(podName);
    }

    private sealed class Reservation(BuildSlots? slots, string podName) : IDisposable
    {
        public void Dispose() => slots?.Release(podName);
    }
}
