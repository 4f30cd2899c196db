using System.Net;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting;
using Kublambda.Kubernetes;

namespace Kublambda.Controller.Status;

/// <summary>
/// Brings a projection into the API server: reads the Lambda, projects, writes what changed, and reads again when
/// somebody was quicker. The changes become Kubernetes Events.
/// </summary>
public sealed partial class StatusWriter(LambdaApi api, EventRecorder events, TimeProvider time, ILogger<StatusWriter> logger)
{
    private const int Attempts = 10;
    private readonly ILogger _logger = logger;
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500));

    /// <summary>Projects on the Lambda as it is now; a Lambda that is gone, or another of the same name, is left alone.</summary>
    /// <param name="about">The Lambda.</param>
    /// <param name="project">From the Lambda and the time to the new status; null: nothing to change.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task ProjectAsync(LambdaRef about, Func<Lambda, DateTimeOffset, LambdaStatus?> project, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await api.ReadAsync(about.Namespace, about.Name, cancellationToken) is not { } reading || reading.Lambda.Metadata.Uid != about.Uid)
                return;
            try
            {
                await WriteAsync(reading.Lambda, project(reading.Lambda, time.GetUtcNow()), cancellationToken);
                return;
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict && attempt < Attempts)
            {
                await Task.Delay(_backoff.Delay(attempt), time, cancellationToken);
            }
        }
    }

    /// <summary>Writes a status where it differs from the one of the Lambda.</summary>
    /// <exception cref="HttpOperationException">409: the Lambda has changed since it was read.</exception>
    public async Task WriteAsync(Lambda lambda, LambdaStatus? status, CancellationToken cancellationToken)
    {
        if (status is null || StatusEquality.Same(lambda.Status, status))
            return;
        try
        {
            await api.WriteStatusAsync(lambda, status, cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return;
        }

        // The revision that is in the making, else the one that is there.
        using var scope = _logger.BeginLambdaScope(LambdaRef.Of(lambda), status.Build?.Revision ?? status.Revision);
        foreach (var item in ConditionEvents.Between(lambda.Status, status))
        {
            if (item.Warning)
                LogWarning(item.Reason, item.Message);
            else
                LogChange(item.Reason, item.Message);
            await events.RecordAsync(lambda, item.Warning ? EventRecorder.Warning : EventRecorder.Normal, item.Reason, item.Message, cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Reason}: {Message}")]
    private partial void LogChange(string reason, string message);

    [LoggerMessage(LogLevel.Warning, "{Reason}: {Message}")]
    private partial void LogWarning(string reason, string message);
}
