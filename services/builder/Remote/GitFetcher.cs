using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using k8s.Models;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>
/// Fetches one commit of a git repository, bare: nothing is ever checked out, no hook, filter or submodule runs, and the files come as a tar
/// that is judged like a user's archive.
/// </summary>
public sealed partial class GitFetcher(HostResolver hosts, SourceHttp http, TrustBundle trust, IOptions<FetchOptions> options)
{
    private const string Repository = "repository";

    /// <summary>The commit that a source stands at now.</summary>
    /// <param name="source">The source.</param>
    /// <param name="secret">The one that it names.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceNotFoundException">No such repository, branch or tag.</exception>
    /// <exception cref="SourceRefusedException">The URL is not allowed.</exception>
    /// <exception cref="SourceUnavailableException">The server does not answer, or refuses.</exception>
    public async Task<string> ResolveAsync(GitSource source, V1Secret? secret, CancellationToken cancellationToken)
    {
        if (source.Revision is { } commit && Commit().IsMatch(commit))
            return commit;
        var url = GitSourceUrl.Parse(source.Url);
        using var home = new GitHome();
        var environment = await PrepareAsync(home, url, secret, cancellationToken);
        string[] wanted = source.Revision is { } name ? [$"refs/heads/{name}", $"refs/tags/{name}^{{}}", $"refs/tags/{name}", name] : ["HEAD"];
        using var patience = new Patience(options.Value.IdleTimeout, cancellationToken);
        var listed = await patience.OfAsync(
            $"The git server of {url.Shown}", p => new GitProcess(home.Path).RunAsync(environment, ["ls-remote", "--", url.Text, .. wanted], p.Token));
        if (listed.Code != 0)
            throw GitFault.Of(url, listed.Error);
        var refs = listed.Output.Split('\n').Select(l => l.Split('\t')).Where(p => p.Length == 2 && Commit().IsMatch(p[0])).DistinctBy(p => p[1]).ToDictionary(p => p[1], p => p[0], StringComparer.Ordinal);
        foreach (var candidate in wanted)
        {
            if (refs.TryGetValue(candidate, out var found))
                return found;
        }

        throw new SourceNotFoundException(source.Revision is null
            ? $"The repository {url.Shown} has no HEAD: it is empty, or its HEAD names a branch that is not there. Push to it, or set spec.source.git.revision."
            : $"The repository {url.Shown} has no branch or tag \"{SourcePath.Show(source.Revision)}\". Look at spec.source.git.revision (a commit needs all its 40 digits); the build starts by itself when it is pushed.");
    }

    /// <summary>The files of a commit.</summary>
    /// <exception cref="SourceNotFoundException">No such repository, commit or directory.</exception>
    /// <exception cref="SourceRefusedException">The user has to change the source.</exception>
    /// <exception cref="SourceUnavailableException">The server does not answer, or refuses.</exception>
    public async Task<Bundle> BundleAsync(GitSource source, V1Secret? secret, string commit, CancellationToken cancellationToken)
    {
        var url = GitSourceUrl.Parse(source.Url);
        var directory = SourceDirectory.Of(source.SubPath);
        using var home = new GitHome();
        var git = new GitProcess(home.Path);
        var local = GitEnvironment.Base(home.Path);
        await MustAsync(git.RunAsync(local, ["init", "--quiet", "--bare", "--template=", Repository], cancellationToken), url);
        // Twice as long: a server may have to look for what it sends, and git for where to put it.
        var fetching = new GitProcess(home.Path, idle: 2 * options.Value.IdleTimeout);
        await FetchAsync(fetching, await PrepareAsync(home, url, secret, cancellationToken), url, commit, cancellationToken);
        var tree = directory.Path.Length == 0 ? $"{commit}^{{tree}}" : $"{commit}:{directory.Path}";
        var kind = await git.RunAsync(local, [$"--git-dir={Repository}", "cat-file", "-t", tree], cancellationToken);
        if (kind.Code != 0 || kind.Output.Trim() != "tree")
        {
            throw new SourceNotFoundException(directory.Path.Length == 0
                ? $"{commit} is no commit of {url.Shown}. Look at spec.source.git.revision."
                : $"The commit {commit[..12]} of {url.Shown} has no directory \"{SourcePath.Show(directory.Path)}\". Look at spec.source.git.subPath.");
        }

        await RefuseSubmodulesAsync(git, local, tree, cancellationToken);
        var (result, bundle) = await git.ReadAsync(
            local, [$"--git-dir={Repository}", "archive", "--format=tar", tree], (tar, stop) => SourceArchive.TarBundleAsync(tar, null, SourceDirectory.Root, refusePointers: true, stop), cancellationToken);
        if (result.Code == 0)
            return bundle;
        bundle.Dispose();
        throw GitFault.Of(url, result.Error);
    }

    private static async Task FetchAsync(GitProcess git, IReadOnlyDictionary<string, string> environment, GitSourceUrl url, string commit, CancellationToken cancellationToken)
    {
        string[] fetch = [$"--git-dir={Repository}", "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
        var one = await git.RunAsync(environment, [.. fetch, "--depth=1", "--", url.Text, commit], cancellationToken);
        if (one.Code == 0)
            return;
        if (!GitFault.WantsAll(one.Error))
            throw GitFault.Of(url, one.Error);
        await MustAsync(git.RunAsync(environment, [.. fetch, "--", url.Text, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], cancellationToken), url);
    }

    // A submodule would be an empty directory. What is left out in silence is found much later, by somebody else.
    private static async Task RefuseSubmodulesAsync(GitProcess git, Dictionary<string, string> local, string tree, CancellationToken cancellationToken)
    {
        var (_, submodule) = await git.ReadAsync(local, [$"--git-dir={Repository}", "ls-tree", "-r", "-z", tree], FirstSubmoduleAsync, cancellationToken);
        if (submodule is not null)
        {
            throw new SourceRefusedException(
                $"The git repository has the submodule \"{SourcePath.Show(submodule)}\", and submodules are not fetched. Put its files into the repository, or let spec.source.git.subPath name a directory without it.");
        }
    }

    private static async Task<string?> FirstSubmoduleAsync(Stream listing, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(listing, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 16 * 1024, leaveOpen: true);
        var entry = new StringBuilder();
        var buffer = new char[8192];
        var entries = 0;
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            foreach (var c in buffer.AsSpan(0, read))
            {
                if (c != '\0')
                {
                    if (entry.Length < 8192)
                        entry.Append(c);
                    continue;
                }

                // <mode> SP <type> SP <id> TAB <path>
                var text = entry.ToString();
                entry.Clear();
                if (text.StartsWith("160000 ", StringComparison.Ordinal))
                    return text[(text.IndexOf('\t', StringComparison.Ordinal) + 1)..];
                if (++entries > Limits.SourceFiles)
                    throw new SourceRefusedException(string.Create(CultureInfo.InvariantCulture, $"The git repository has more than {Limits.SourceFiles} files. Let spec.source.git.subPath name the directory that the function needs."));
            }
        }

        return null;
    }

    private async Task<IReadOnlyDictionary<string, string>> PrepareAsync(GitHome home, GitSourceUrl url, V1Secret? secret, CancellationToken cancellationToken)
    {
        var credentials = secret is null ? null : GitCredentials.Of(secret, url);
        if (url.IsSsh && credentials is null)
            throw new SourceRefusedException("spec.source.git.url is an ssh URL, which needs a key: name a Secret with ssh-privatekey and known_hosts in spec.source.git.secretRef, or use https.");
        if (credentials?.PrivateKey is { } key)
            home.WriteSsh(key, credentials.KnownHosts!);
        var proxied = !url.IsSsh && http.UsesProxy(url.Uri) && !IPAddress.TryParse(url.Host, out _);
        var addresses = proxied ? null : await hosts.ResolveAsync(url.Host, cancellationToken);
        return GitEnvironment.For(home.Path, url, addresses, credentials, trust.File, !url.IsSsh && http.UsesProxy(url.Uri) ? options.Value.Proxy : null);
    }

    private static async Task MustAsync(Task<GitResult> run, GitSourceUrl url)
    {
        if (await run is { Code: not 0 } failed)
            throw GitFault.Of(url, failed.Error);
    }

    [GeneratedRegex(@"\A([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commit();
}
