using System.Collections.Concurrent;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>The bundles of sources that lie elsewhere: from memory where their content is named and was fetched before, else fetched.</summary>
public sealed partial class RemoteSources(
    ILambdas lambdas, BundleMemory memory, ArchiveDownload archives, GitFetcher git, IOptions<FetchOptions> options, TimeProvider time, ILogger<RemoteSources> logger)
{
    private readonly ConcurrentDictionary<LambdaRef, Head> _heads = new();
    private readonly ConcurrentDictionary<LambdaRef, Refusal> _refusals = new();

    /// <summary>Whether something has to be asked for over the network to know the source.</summary>
    public static bool AreOf(LambdaSpec spec) => spec.Source is { Archive: not null } or { Git: not null } or { Image: not null };

    /// <param name="lambda">The Lambda, which has such a source.</param>
    /// <param name="anew">Looks where a branch points to now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceRefusedException">The user has to change the source; remembered for a while.</exception>
    /// <exception cref="SourceNotFoundException">What it names is not there.</exception>
    /// <exception cref="SourceUnavailableException">The server does not answer as it should.</exception>
    public async Task<Bundle> GetAsync(Lambda lambda, bool anew, CancellationToken cancellationToken)
    {
        var reference = LambdaRef.Of(lambda);
        // A server that gave what is no good is not asked for it again every few seconds.
        if (_refusals.TryGetValue(reference, out var refusal) && refusal.Request == RequestOf(lambda) && time.GetUtcNow() < refusal.Until)
            throw new SourceRefusedException(refusal.Message, refusal.Reason);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.Timeout);
        try
        {
            return await FetchAsync(reference, lambda, anew, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException($"The source was not fetched within {options.Value.Timeout.TotalSeconds:0} s. It is tried again; if its server is always that slow, make the source smaller, or ask the operator to raise Fetch__Timeout.");
        }
        catch (SourceRefusedException e)
        {
            _refusals[reference] = new Refusal(RequestOf(lambda), e.Reason, e.Message, time.GetUtcNow() + options.Value.RetryRefused);
            throw;
        }
    }

    /// <summary>The Lambda is gone, or has another kind of source.</summary>
    public void Forget(LambdaRef lambda)
    {
        _heads.TryRemove(lambda, out _);
        _refusals.TryRemove(lambda, out _);
    }

    private async Task<Bundle> FetchAsync(LambdaRef reference, Lambda lambda, bool anew, CancellationToken cancellationToken)
    {
        if (lambda.Spec.Source.Archive is { } archive)
        {
            var origin = BundleMemory.Origin("archive", archive.Sha256, archive.SubPath);
            return await memory.FindAsync(reference, origin, cancellationToken)
                ?? await TimedAsync(SourceUrl.Show(archive.Url), origin, () => archives.BundleAsync(archive, cancellationToken));
        }

        var source = lambda.Spec.Source.Git!;
        var secret = source.SecretRef is { } named ? await SecretAsync(lambda, named.Name, cancellationToken) : null;
        var commit = await HeadAsync(reference, lambda, source, secret, anew, cancellationToken);
        var tree = BundleMemory.Origin("git", commit, source.SubPath);
        var bundle = await memory.FindAsync(reference, tree, cancellationToken)
            ?? await TimedAsync($"{SourceUrl.Show(source.Url)} at {commit}", tree, () => git.BundleAsync(source, secret, commit, cancellationToken));
        bundle.Commit = commit;
        return bundle;
    }

    private async Task<string> HeadAsync(LambdaRef reference, Lambda lambda, GitSource source, V1Secret? secret, bool anew, CancellationToken cancellationToken)
    {
        var request = RequestOf(lambda);
        if (!anew && _heads.TryGetValue(reference, out var known) && known.Request == request)
            return known.Commit;
        var commit = await git.ResolveAsync(source, secret, cancellationToken);
        if (_heads.TryGetValue(reference, out var before) && before.Request == request && before.Commit != commit)
            LogMoved(source.Revision ?? "HEAD", before.Commit, commit);
        _heads[reference] = new Head(request, commit);
        return commit;
    }

    private async Task<V1Secret> SecretAsync(Lambda lambda, string name, CancellationToken cancellationToken) =>
        await lambdas.ReadSecretAsync(lambda, name, cancellationToken)
        ?? throw new SourceNotFoundException($"The Secret \"{SourcePath.Show(name)}\" that spec.source.git.secretRef names does not exist in this namespace. Create it; the build starts by itself then.");

    private async Task<Bundle> TimedAsync(string what, string origin, Func<Task<Bundle>> fetch)
    {
        var began = time.GetTimestamp();
        var bundle = await fetch();
        bundle.Origin = origin;
        LogFetched(what, bundle.Paths.Count, bundle.Length, time.GetElapsedTime(began));
        return bundle;
    }

    // What a user can change to have it looked at again.
    private static string RequestOf(Lambda lambda) =>
        $"{lambda.Metadata.Generation}/{lambda.GetAnnotation(Labels.Fetch)}/{lambda.GetAnnotation(Labels.Rebuild)}";

    [LoggerMessage(LogLevel.Information, "Fetched {What}: {Files} files, {Bytes} bytes packed, in {Took}")]
    private partial void LogFetched(string what, int files, long bytes, TimeSpan took);

    [LoggerMessage(LogLevel.Information, "{Revision} moved from {Before} to {Commit}")]
    private partial void LogMoved(string revision, string before, string commit);

    private sealed record Head(string Request, string Commit);

    private sealed record Refusal(string Request, string Reason, string Message, DateTimeOffset Until);
}
