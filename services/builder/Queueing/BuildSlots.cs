using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Queueing;

/// <summary>The places for build pods, and the Lambdas that wait for one, the same for all replicas.</summary>
public sealed class BuildSlots(QueueStore store, BuildPods pods, IOptions<BuildOptions> options, TimeProvider time) : IDisposable
{
    private const int Attempts = 50;
    private readonly SemaphoreSlim _one = new(1);
    private volatile QueueState? _last;

    /// <summary>Lambdas that waited for a place when this replica last looked.</summary>
    public int Waiting => _last?.Waiting.Count ?? 0;

    /// <summary>Whether a Lambda waited when this replica last looked.</summary>
    public bool IsWaiting(LambdaRef lambda) => _last?.Waiting.Any(w => w.Lambda == lambda) == true;

    /// <summary>Takes a place, or notes the Lambda as waiting.</summary>
    /// <param name="lambda">Who wants to build.</param>
    /// <param name="podName">The pod that takes the place once it is there.</param>
    /// <returns>To be disposed of when the pod is there, or will not be.</returns>
    public async Task<BuildPlace> TakeAsync(LambdaRef lambda, string podName, CancellationToken cancellationToken)
    {
        var answer = new QueueAnswer(0, default, 0, false);
        await ChangeAsync(
            async state =>
            {
                // Read after the queue: a pod whose reservation is gone from it is there.
                var there = await pods.ListAsync(null, cancellationToken);
                (state, answer) = BuildQueue.Ask(state, lambda, podName, there, options.Value.MaxConcurrent, time.GetUtcNow());
                return state;
            },
            cancellationToken);
        return new BuildPlace(answer, answer.Reserved ? () => ReleaseAsync(podName) : null);
    }

    /// <summary>The Lambdas whose turn it is, while there are free places.</summary>
    public async Task<IReadOnlyList<LambdaRef>> NextAsync(CancellationToken cancellationToken)
    {
        var (state, _) = await store.ReadAsync(cancellationToken);
        _last = state;
        return state.Waiting.Count == 0
            ? []
            : BuildQueue.Next(state, await pods.ListAsync(null, cancellationToken), options.Value.MaxConcurrent, time.GetUtcNow());
    }

    /// <summary>No longer waiting: deleted, or built by somebody else. One that this replica never saw waiting costs nothing.</summary>
    public Task ForgetAsync(LambdaRef lambda, CancellationToken cancellationToken) => _last is null || IsWaiting(lambda)
        ? ChangeAsync(state => Task.FromResult(BuildQueue.Without(state, lambda)), cancellationToken)
        : Task.CompletedTask;

    public void Dispose() => _one.Dispose();

    // Not to be cut short by the end of the work that took the place.
    private Task ReleaseAsync(string podName) => ChangeAsync(state => Task.FromResult(BuildQueue.Released(state, podName)), CancellationToken.None);

    private async Task ChangeAsync(Func<QueueState, Task<QueueState>> change, CancellationToken cancellationToken)
    {
        // One at a time in this replica, so that only other replicas can come in between.
        await _one.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var (before, source) = await store.ReadAsync(cancellationToken);
                var after = await change(before);
                _last = after;
                if (Same(before, after) || await store.TryWriteAsync(after, source, cancellationToken))
                    return;
                if (attempt == Attempts)
                    throw new TimeoutException($"The queue of builds, ConfigMap {QueueStore.Name}, is changed by somebody else again and again.");
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 20 * Math.Min(attempt, 10))), time, cancellationToken);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private static bool Same(QueueState before, QueueState after) =>
        before.Waiting.SequenceEqual(after.Waiting) && before.Reserved.SequenceEqual(after.Reserved);
}

/// <summary>A place to build, or a place in the queue.</summary>
public sealed class BuildPlace(QueueAnswer answer, Func<Task>? release) : IAsyncDisposable
{
    public bool Granted => answer.Place == 0;

    public QueueAnswer Answer => answer;

    public async ValueTask DisposeAsync()
    {
        if (release is not null)
            await release();
    }
}
