using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kublambda.Kubernetes.Tests;

public sealed class LeaderHostedServiceTests : IDisposable
{
    private readonly LeaderGate _gate = new();
    private readonly Inner _inner = new();

    public void Dispose()
    {
        _gate.Dispose();
        _inner.Dispose();
    }

    private sealed class Inner : BackgroundService
    {
        public int Starts;
        public bool Running;
        public Exception? Fault;

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            Starts++;
            Running = true;
            try
            {
                if (Interlocked.Exchange(ref Fault, null) is { } fault)
                    throw fault;
                await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken);
            }
            finally
            {
                Running = false;
            }
        }
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.True(condition());
    }

    [Fact]
    public async Task It_runs_while_this_process_leads_and_again_when_it_leads_again()
    {
        using var service = new LeaderHostedService<Inner>(_inner, _gate, TimeProvider.System, NullLogger<LeaderHostedService<Inner>>.Instance);
        await service.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _inner.Starts);
        _gate.Open();
        await EventuallyAsync(() => _inner.Running);
        _gate.Close();
        await EventuallyAsync(() => !_inner.Running);
        _gate.Open();
        await EventuallyAsync(() => _inner.Running && _inner.Starts == 2);
        await service.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_inner.Running);
    }

    [Fact]
    public async Task It_is_started_again_after_an_exception()
    {
        _inner.Fault = new InvalidOperationException("boom");
        using var service = new LeaderHostedService<Inner>(_inner, _gate, TimeProvider.System, NullLogger<LeaderHostedService<Inner>>.Instance);
        await service.StartAsync(TestContext.Current.CancellationToken);
        _gate.Open();
        await EventuallyAsync(() => _inner.Starts == 2 && _inner.Running);
        await service.StopAsync(TestContext.Current.CancellationToken);
    }
}
