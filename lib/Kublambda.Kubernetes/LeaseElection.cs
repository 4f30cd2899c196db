using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>Names and times of an election.</summary>
/// <param name="Name">Name of the Lease.</param>
/// <param name="Namespace">Namespace of the Lease: the process's own.</param>
/// <param name="Identity">Who we are: different for each process.</param>
public sealed record LeaderElectionOptions(string Name, string Namespace, string Identity)
{
    /// <summary>How long others wait after the last renewal that they saw.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that could not renew for this long steps down: well before others take over.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From POD_NAME and POD_NAMESPACE; outside a pod from the machine and process.</summary>
    public static LeaderElectionOptions FromEnvironment(string name) => new(
        name,
        Environment.GetEnvironmentVariable("POD_NAMESPACE") ?? "default",
        Environment.GetEnvironmentVariable("POD_NAME") ?? $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}");
}

/// <summary>
/// Takes part in the election for a <c>coordination.k8s.io</c> Lease for as long as the process runs, with the rules of
/// client-go: time is measured from when a renewal was seen, never compared between clocks; writes carry the
/// resourceVersion; a leader that ends gives the Lease back, so the next one starts at once. Not the client's own
/// LeaderElector, which ends for good on an error, hides the cause, and ignores a Lease that was given back.
/// </summary>
public sealed partial class LeaseElection(
    IKubernetes client, LeaderGate gate, LeaderElectionOptions options, TimeProvider time, ILogger<LeaseElection> logger) : BackgroundService
{
    private readonly ILogger _logger = logger;
    private (string? Version, long At) _seen;
    private long _renewed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await TryAsync(stoppingToken);
                await Task.Delay(options.RetryPeriod, time, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    private async Task TryAsync(CancellationToken stoppingToken)
    {
        var started = time.GetTimestamp();
        // A leader must notice in time that the API server no longer answers.
        var left = gate.IsLeader ? options.RenewDeadline - time.GetElapsedTime(_renewed) : options.RenewDeadline;
        using var deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, deadline.Token);
        try
        {
            if (await AcquireOrRenewAsync(both.Token))
            {
                // From before the request: others count from when they see it, which is later.
                _renewed = started;
                if (!gate.IsLeader)
                    LogLeading(options.Name, options.Identity);
                gate.Open();
                return;
            }

            StepDown("another one holds the lease");
            return;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            LogFailed(options.Name, e.Message);
        }

        if (gate.IsLeader && time.GetElapsedTime(_renewed) + options.RetryPeriod >= options.RenewDeadline)
            StepDown("the lease could not be renewed in time");
    }

    /// <summary>True: the lease is ours now. False: somebody else's.</summary>
    private async Task<bool> AcquireOrRenewAsync(CancellationToken cancellationToken)
    {
        V1Lease lease;
        try
        {
            lease = await client.CoordinationV1.ReadNamespacedLeaseAsync(options.Name, options.Namespace, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            var fresh = new V1Lease { Metadata = new V1ObjectMeta { Name = options.Name, NamespaceProperty = options.Namespace }, Spec = new() };
            return await WriteAsync(
                () => client.CoordinationV1.CreateNamespacedLeaseAsync(Claim(fresh), options.Namespace, cancellationToken: cancellationToken));
        }

        lease.Spec ??= new V1LeaseSpec();
        if (_seen.Version != lease.Metadata.ResourceVersion)
            _seen = (lease.Metadata.ResourceVersion, time.GetTimestamp());

        var holder = lease.Spec.HolderIdentity;
        var duration = TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? 0);
        if (holder != options.Identity && !string.IsNullOrEmpty(holder) && time.GetElapsedTime(_seen.At) < duration)
            return false;

        return await WriteAsync(() => client.CoordinationV1.ReplaceNamespacedLeaseAsync(
            Claim(lease), options.Name, options.Namespace, cancellationToken: cancellationToken));
    }

    private V1Lease Claim(V1Lease lease)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (lease.Spec.HolderIdentity != options.Identity)
        {
            lease.Spec.AcquireTime = now;
            lease.Spec.LeaseTransitions = (lease.Spec.LeaseTransitions ?? -1) + 1;
        }

        lease.Spec.HolderIdentity = options.Identity;
        lease.Spec.LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds;
        lease.Spec.RenewTime = now;
        return lease;
    }

    /// <summary>False where somebody else was quicker.</summary>
    private async Task<bool> WriteAsync(Func<Task<V1Lease>> write)
    {
        try
        {
            var lease = await write();
            _seen = (lease.Metadata.ResourceVersion, time.GetTimestamp());
            return true;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    private void StepDown(string why)
    {
        if (!gate.IsLeader)
            return;
        LogLost(options.Name, why);
        gate.Close();
    }

    /// <summary>Gives the lease back, as client-go does: no holder, one second.</summary>
    private async Task ReleaseAsync()
    {
        var led = gate.IsLeader;
        gate.Close();
        if (!led)
            return;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            var lease = await client.CoordinationV1.ReadNamespacedLeaseAsync(options.Name, options.Namespace, cancellationToken: deadline.Token);
            if (lease.Spec?.HolderIdentity != options.Identity)
                return;
            lease.Spec.HolderIdentity = "";
            lease.Spec.LeaseDurationSeconds = 1;
            lease.Spec.RenewTime = time.GetUtcNow().UtcDateTime;
            await client.CoordinationV1.ReplaceNamespacedLeaseAsync(lease, options.Name, options.Namespace, cancellationToken: deadline.Token);
        }
        catch (Exception e)
        {
            LogFailed(options.Name, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Lease}: {Identity} leads")]
    private partial void LogLeading(string lease, string identity);

    [LoggerMessage(LogLevel.Warning, "{Lease}: no longer leading: {Why}")]
    private partial void LogLost(string lease, string why);

    [LoggerMessage(LogLevel.Warning, "{Lease}: {Error}")]
    private partial void LogFailed(string lease, string error);
}
