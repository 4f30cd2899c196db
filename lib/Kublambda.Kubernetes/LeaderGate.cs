namespace Kublambda.Kubernetes;

/// <summary>Whether this process leads, among the replicas of a service.</summary>
public sealed class LeaderGate : IDisposable
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<CancellationToken> _leading = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _term;

    public bool IsLeader
    {
        get
        {
            lock (_lock)
                return _term is not null;
        }
    }

    /// <summary>Waits until this process leads. The token is cancelled when it no longer does.</summary>
    public Task<CancellationToken> WaitForLeadershipAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _leading.Task.WaitAsync(cancellationToken);
    }

    internal void Open()
    {
        lock (_lock)
        {
            if (_term is not null)
                return;
            _term = new CancellationTokenSource();
            _leading.SetResult(_term.Token);
        }
    }

    internal void Close()
    {
        CancellationTokenSource? ended;
        lock (_lock)
        {
            if (_term is null)
                return;
            ended = _term;
            _term = null;
            _leading = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        ended.Cancel();
        ended.Dispose();
    }

    public void Dispose() => Close();
}
