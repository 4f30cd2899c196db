using System.Globalization;
using System.Net;
using Kublambda.Contracts;

namespace Kublambda.Builder.Remote;

/// <summary>
/// The whole environment of a git process. Nothing of the builder's own goes in (its settings hold passwords), no configuration of machine
/// or user is read, no helper, hook or prompt can start, and only the one protocol of the URL is known. Pure.
/// </summary>
internal static class GitEnvironment
{
    /// <param name="home">An empty directory of this fetch.</param>
    public static Dictionary<string, string> Base(string home) => new(StringComparer.Ordinal)
    {
        ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
        ["HOME"] = home,
        ["TMPDIR"] = home,
        ["LC_ALL"] = "C",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_ATTR_NOSYSTEM"] = "1",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_PROTOCOL_FROM_USER"] = "0",
        ["GIT_OPTIONAL_LOCKS"] = "0",
        ["GIT_NO_LAZY_FETCH"] = "1",
    };

    /// <summary>For a process that talks to the server.</summary>
    /// <param name="home">An empty directory of this fetch; holds the ssh files where there are credentials for ssh.</param>
    /// <param name="url">The repository.</param>
    /// <param name="addresses">Where the host was found, checked; null where a proxy connects.</param>
    /// <param name="credentials">Of the user's Secret.</param>
    /// <param name="trust">File of certificates; null: git's own.</param>
    /// <param name="proxy">With user and password; null: none.</param>
    public static Dictionary<string, string> For(string home, GitSourceUrl url, IReadOnlyList<IPAddress>? addresses, GitCredentials? credentials, string? trust, string? proxy)
    {
        var environment = Base(home);
        environment["GIT_ALLOW_PROTOCOL"] = url.Scheme;
        // Settings by environment, not by argument: arguments are there for everybody to see.
        List<(string Key, string Value)> settings = [("credential.helper", ""), ("http.followRedirects", "false"), ("http.proxy", url.IsSsh ? "" : proxy ?? "")];
        if (trust is not null)
            settings.Add(("http.sslCAInfo", trust));
        if (!url.IsSsh && addresses is not null && !IPAddress.TryParse(url.Host, out _))
            settings.Add(("http.curloptResolve", $"{url.Host}:{url.Port.ToString(CultureInfo.InvariantCulture)}:{string.Join(',', addresses.Select(Bracketed))}"));
        if (!url.IsSsh && credentials is not null)
            settings.Add(($"http.{url.Uri.GetLeftPart(UriPartial.Authority)}/.extraHeader", $"Authorization: {credentials.Basic}"));
        // A server that trickles ends the fetch before its time is up.
        settings.Add(("http.lowSpeedLimit", "1000"));
        settings.Add(("http.lowSpeedTime", "30"));
        if (url.IsSsh)
        {
            environment["GIT_SSH_VARIANT"] = "ssh";
            environment["GIT_SSH_COMMAND"] = Ssh(home, url, addresses);
        }

        environment["GIT_CONFIG_COUNT"] = settings.Count.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < settings.Count; i++)
        {
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_KEY_{i}")] = settings[i].Key;
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_VALUE_{i}")] = settings[i].Value;
        }

        return environment;
    }

    /// <summary>Settings that keep the memory and time of a hostile repository small; the same for every command.</summary>
    public static IReadOnlyList<string> Bounds { get; } =
    [
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.bigFileThreshold=1m",
        "-c", "core.packedGitLimit=64m", "-c", "core.deltaBaseCacheLimit=16m", "-c", "pack.threads=1", "-c", "pack.windowMemory=32m",
        "-c", "submodule.recurse=false", "-c", "fetch.recurseSubmodules=false", "-c", $"fetch.unpackLimit={Limits.SourceFiles * 4}", "-c", "advice.detachedHead=false",
    ];

    // git gives this text to a shell: it holds paths and addresses of ours, and the host as checked by GitSourceUrl.
    private static string Ssh(string home, GitSourceUrl url, IReadOnlyList<IPAddress>? addresses) => string.Join(' ', new[]
    {
        "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", $"'{home}/key'", "-o", $"UserKnownHostsFile='{home}/known_hosts'",
        "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes",
        "-o", "PermitLocalCommand=no", "-o", "ProxyCommand=none", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=2",
        "-o", $"HostName={addresses![0]}", "-o", $"HostKeyAlias={KnownAs(url)}", "-o", "CheckHostIP=no",
    });

    private static string KnownAs(GitSourceUrl url) =>
        url.Port == 22 ? url.Host : string.Create(CultureInfo.InvariantCulture, $"'[{url.Host}]:{url.Port}'");

    private static string Bracketed(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
