using k8s.Models;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Logs;
using Kublambda.Builder.Pipelines;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Builder.Watching;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting;
using Kublambda.Registry;

namespace Kublambda.Builder.Builds;

/// <summary>
/// Brings one Lambda's build in line: looks at what is there, does the next step, and says how things stand. It is
/// called for messages, for changes of build pods and for free places alike, from any replica, and never waits for a build.
/// </summary>
public sealed partial class BuildReconciler(
    ILambdas lambdas, BuildJobs jobs, IRegistryClient registry, BuildPods pods, BuildLauncher launcher,
    BuildAnnouncer announcer, BuildLogs logs, ConfigMapsSeen sources, FetchQueue fetches, TimeProvider time, ILogger<BuildReconciler> logger)
{
    /// <param name="reference">The Lambda.</param>
    /// <param name="generation">The generation that a message speaks of; another one has its own message. Null: whatever is there.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>When to look again, where that is known.</returns>
    public async Task<TimeSpan?> ReconcileAsync(LambdaRef reference, long? generation, CancellationToken cancellationToken)
    {
        var lambda = await lambdas.ReadBuildableAsync(reference, cancellationToken);
        if (lambda is null)
        {
            sources.Forget(reference);
            await launcher.ForgetAsync(reference, cancellationToken);
        }

        if (lambda is null || (generation is not null && generation != lambda.Metadata.Generation))
            return null;

        if (RemoteSources.AreOf(lambda.Spec))
        {
            fetches.Ask(reference, anew: generation is not null);
            return null;
        }

        return await BuildAsync(
            lambda,
            async stop =>
            {
                var map = await lambdas.ReadSourceAsync(lambda, stop);
                sources.Note(reference, lambda.Spec.Source.Zip?.ConfigMap?.Name, map);
                return await SourceBundler.Create(lambda.Spec, map, stop);
            },
            cancellationToken);
    }

    /// <summary>As <see cref="ReconcileAsync"/>, for a Lambda that was read just now and whose source is to be had.</summary>
    internal Task<TimeSpan?> BuildAsync(Lambda lambda, Func<CancellationToken, Task<Bundle>> source, CancellationToken cancellationToken)
    {
        return GuardAsync(
            lambda,
            async () =>
            {
                using var bundle = await source(cancellationToken);
                return await BuildAsync(LambdaRef.Of(lambda), lambda, bundle, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>For a Lambda that was read just now and brings a ready image: nothing is built.</summary>
    internal Task<TimeSpan?> UseAsync(Lambda lambda, Func<CancellationToken, Task<ImageReference>> resolve, CancellationToken cancellationToken) => GuardAsync(
        lambda,
        async () =>
        {
            var (reference, image) = (LambdaRef.Of(lambda), await resolve(cancellationToken));
            var revision = Revision.OfImage(image.Digest!, lambda.GetAnnotation(Labels.Rebuild));
            await launcher.ForgetAsync(reference, cancellationToken);
            await launcher.CancelOthersAsync(reference, lambda.Metadata.Generation ?? 0, revision, cancellationToken);
            await announcer.ReadyAsync(lambda, revision, image.ToString(), cancellationToken);
            return null;
        },
        cancellationToken);

    // From what can go wrong to what is said of it: the one place.
    private async Task<TimeSpan?> GuardAsync(Lambda lambda, Func<Task<TimeSpan?>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (PipelineChoiceException e)
        {
            await announcer.RefusedAsync(lambda, e.Reason, e.Message, final: true, cancellationToken);
        }
        catch (SourceRefusedException e)
        {
            await announcer.RefusedAsync(lambda, e.Reason, e.Message, final: true, cancellationToken);
        }
        catch (SourceUnavailableException e)
        {
            await announcer.RefusedAsync(lambda, e.Reason, e.Message, final: false, cancellationToken);
        }
        catch (SourceNotFoundException e)
        {
            await announcer.RefusedAsync(lambda, Reasons.SourceNotFound, e.Message, final: false, cancellationToken);
        }
        catch (RuntimeImageException e)
        {
            await announcer.RefusedAsync(lambda, Reasons.BuildImageUnavailable, e.Message, final: false, cancellationToken);
        }
        catch (RegistryException e)
        {
            LogRegistry(e.Message);
            await announcer.RefusedAsync(lambda, BuildFault.ReasonOf(e), $"{e.Message} The build goes on by itself when the registry does.", final: false, cancellationToken);
        }
        catch (BuildPodRejectedException e)
        {
            await announcer.RefusedAsync(
                lambda, Reasons.BuildPodRejected, $"The build pod was refused: {e.Message} The operator has to look at quotas and admission rules of the build namespace, or spec.build.resources asks for too much.", final: false, cancellationToken);
        }

        // Whoever cannot build keeps nobody waiting.
        await launcher.ForgetAsync(LambdaRef.Of(lambda), cancellationToken);
        return null;
    }

    private async Task<TimeSpan?> BuildAsync(LambdaRef reference, Lambda lambda, Bundle bundle, CancellationToken cancellationToken)
    {
        var job = await jobs.CreateAsync(lambda, bundle, cancellationToken);
        var (revision, pipeline) = (job.Revision, job.Pipeline);
        using var scope = logger.BeginLambdaScope(reference, revision);
        if (bundle is { Origin: not null, IsRemembered: false })
            await RememberAsync(job, bundle, cancellationToken);

        var image = await registry.HeadManifestAsync(Names.Repository(reference), Names.ImageTag(revision), cancellationToken);
        var pod = await pods.ReadAsync(Names.BuildPod(reference, revision), cancellationToken);
        if (image is not null)
        {
            await launcher.ForgetAsync(reference, cancellationToken);
            await launcher.CancelOthersAsync(reference, lambda.Metadata.Generation ?? 0, revision, cancellationToken);
            await announcer.BuiltAsync(lambda, job, image.Digest, pod, took: null, cancellationToken);
            return null;
        }

        // Where the dependencies are there already, nothing is left that takes a pod.
        var dependencies = pipeline.HasPod && pod is null ? await DependencyCache.FindAsync(registry, job, cancellationToken) : null;
        if (!pipeline.HasPod || dependencies is not null)
        {
            if (!FailedForGood(lambda, revision))
                await AppendAsync(job, lambda, bundle, dependencies, cancellationToken);
            return null;
        }

        if (pod is not null)
            return await LookAtAsync(pod, job, lambda, bundle, cancellationToken);
        if (!FailedForGood(lambda, revision))
            await StartAsync(job, lambda, bundle, cancellationToken);
        return null;
    }

    // Before there is a place for the build, or a need of one: what was fetched is not fetched again.
    private async Task RememberAsync(BuildJob job, Bundle bundle, CancellationToken cancellationToken)
    {
        var source = await SourceArtifact.PushAsync(registry, job, bundle, time.GetUtcNow(), cancellationToken);
        if (await lambdas.ReadBuildableAsync(job.Lambda, cancellationToken) is null)
            await registry.DeleteManifestAsync(Names.Repository(job.Lambda), source.Digest, cancellationToken);
    }

    private async Task<TimeSpan?> LookAtAsync(V1Pod pod, BuildJob job, Lambda lambda, Bundle bundle, CancellationToken cancellationToken)
    {
        await launcher.ForgetAsync(job.Lambda, cancellationToken);
        var report = BuildPodReport.Of(pod);
        var fault = await FaultAsync(pod, report, cancellationToken);
        var (step, final, wait) = RetryPolicy.Decide(pod, fault, job.Generation, time.GetUtcNow());
        switch (step)
        {
            case BuildStep.Observe when fault is null:
                await announcer.StartedAsync(pod, job.Generation, cancellationToken);
                return null;
            case BuildStep.Observe:
                await announcer.FailedAsync(lambda, job, pod, fault, final, cancellationToken);
                return wait;
            default:
                LogAgain(pod.Name(), fault?.Reason, step);
                if (step == BuildStep.Retry)
                    await announcer.FailedAsync(lambda, job, pod, fault!, final: false, cancellationToken);
                await pods.DeleteAsync(pod, cancellationToken);
                var attempt = step == BuildStep.Retry ? BuildPod.AttemptOf(pod) + 1 : 1;
                await StartAsync(job with { Attempt = attempt }, lambda, bundle, cancellationToken);
                return null;
        }
    }

    private async Task<BuildFault?> FaultAsync(V1Pod pod, BuildPodReport report, CancellationToken cancellationToken)
    {
        if (report is { Phase: BuildPhase.Succeeded })
        {
            var said = report.Digest is null ? "it named no digest" : $"it named {report.Digest}";
            return new BuildFault(Reasons.RegistryUnavailable, $"The build ended well ({said}), and the registry does not have its image. The operator should look at the registry's storage.", null);
        }

        if (report.Reason is null)
            return null;
        var log = report is { Phase: BuildPhase.Failed, Step: { } step } ? await pods.LogAsync(pod, step, cancellationToken) : null;
        return BuildFault.Of(report, log, BuildSecrets.Of(pod));
    }

    private async Task StartAsync(BuildJob job, Lambda lambda, Bundle bundle, CancellationToken cancellationToken)
    {
        var launch = await launcher.LaunchAsync(job, bundle, cancellationToken);
        if (launch.Pod is { } pod)
            await announcer.StartedAsync(pod, lambda.Metadata.Generation ?? 0, cancellationToken);
        else if (launch.Queued is { } queued)
            await announcer.QueuedAsync(lambda, job, queued, cancellationToken);
    }

    private async Task AppendAsync(BuildJob job, Lambda lambda, Bundle bundle, NewLayer? dependencies, CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var limit = TimeSpan.FromSeconds(lambda.Spec.Build?.TimeoutSeconds ?? Defaults.BuildTimeoutSeconds);
        await announcer.StartedAsync(lambda, job, began, cancellationToken);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            if (await launcher.AppendAsync(job, bundle, dependencies, timeout.Token) is { } image)
            {
                var ended = time.GetUtcNow();
                await announcer.BuiltAsync(lambda, job, image.Digest, pod: null, (began, ended), cancellationToken);
                await logs.StoreAsync(job, BuildLogText.Of(job, bundle.Paths.Count, image.Digest, began, ended), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await announcer.RefusedAsync(
                lambda, Reasons.BuildTimeout, $"The build took longer than {limit.TotalSeconds:0} s and was ended. Raise spec.build.timeoutSeconds, or make the source smaller.", final: false, cancellationToken);
        }
    }

    // The pod that failed is gone by now; the status remembers, for this generation and revision.
    private static bool FailedForGood(Lambda lambda, string revision) =>
        lambda.Status?.Build?.Revision == revision
        && lambda.Status.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Built) is { Status: ConditionStatus.False } built
        && built.ObservedGeneration == lambda.Metadata.Generation
        && built.Reason is Reasons.BuildFailed or Reasons.BuildTimeout or Reasons.BuildOutOfMemory or Reasons.BuildpackNotDetected or Reasons.BuilderIncompatible;

    [LoggerMessage(LogLevel.Warning, "Build held up by the registry: {Error}")]
    private partial void LogRegistry(string error);

    [LoggerMessage(LogLevel.Information, "Build pod {Pod} ended with {Reason}: {Step}")]
    private partial void LogAgain(string pod, string? reason, BuildStep step);
}
