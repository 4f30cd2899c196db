using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>
/// Workers that take keys from a queue and reconcile them. One key is never worked on twice at once; a failure is
/// logged and tried again with back-off, and stops nothing else. Can be started again after it was stopped.
/// </summary>
public abstract partial class ReconcileLoop<TKey>(WorkQueue<TKey> queue, ILogger logger, int workers = 4) : BackgroundService
    where TKey : notnull
{
    private readonly ILogger _logger = logger;

    public WorkQueue<TKey> Queue { get; } = queue;

    /// <summary>Brings the world in line for one key. Level-based: looks at what is, not at what happened.</summary>
    /// <returns>When to look again even if nothing happens; null: not needed.</returns>
    protected abstract Task<TimeSpan?> ReconcileAsync(TKey key, CancellationToken cancellationToken);

    /// <summary>Awaited before the first key is taken: for caches to fill.</summary>
    protected virtual Task BeforeWorkAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Around the work on a key and the log line of its failure: for a log scope that says what it is about.</summary>
    protected virtual IDisposable? BeginScope(TKey key) => null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await BeforeWorkAsync(stoppingToken);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(stoppingToken)));
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            TKey key;
            try
            {
                key = await Queue.TakeAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            using var scope = BeginScope(key);
            try
            {
                var again = await ReconcileAsync(key, stoppingToken);
                Queue.Forget(key);
                if (again is { } delay)
                    Queue.AddAfter(key, delay);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // Whoever starts next finds it.
                Queue.Add(key);
                return;
            }
            catch (Exception e)
            {
                var delay = Queue.Retry(key);
                LogFailed(e, key, delay);
            }
            finally
            {
                Queue.Done(key);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Reconciling {Key} failed, again in {Delay}")]
    private partial void LogFailed(Exception exception, TKey key, TimeSpan delay);
}
