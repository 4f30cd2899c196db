using System.Text.RegularExpressions;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Hosting.Logs;

namespace Kublambda.Builder.Remote;

/// <summary>From what git and ssh complain of (with <c>LC_ALL=C</c>) to what a user can do about it. Pure.</summary>
internal static partial class GitFault
{
    private const int Shown = 300;

    /// <param name="url">The repository.</param>
    /// <param name="error">What git wrote to its error output.</param>
    public static Exception Of(GitSourceUrl url, string error) => error switch
    {
        _ when HostKey().IsMatch(error) => new SourceUnavailableException(
            $"The ssh host key of {url.Host} is not the one in known_hosts of the Secret. Compare `ssh-keyscan {url.Host}` with what the server's owner publishes, and write it there.", Reasons.SourceUnauthorized),
        _ when BadKey().IsMatch(error) => new SourceUnavailableException(
            "The ssh-privatekey of the Secret is no private key without a passphrase. Make one with `ssh-keygen -t ed25519 -N \"\"`.", Reasons.SourceUnauthorized),
        _ when Redirected().IsMatch(error) => new SourceRefusedException($"The git server redirects {url.Shown}, and redirects are not followed. Write the URL that it redirects to."),
        _ when Unauthorized().IsMatch(error) => new SourceUnavailableException(
            $"The git server refuses access to {url.Shown}: {LastLine(error)} Name a Secret with valid credentials in spec.source.git.secretRef.", Reasons.SourceUnauthorized),
        _ when Missing().IsMatch(error) => new SourceNotFoundException(
            $"There is no git repository at {url.Shown}, or it is private: {LastLine(error)} Look at spec.source.git.url, or name a Secret in spec.source.git.secretRef."),
        _ when Untrusted().IsMatch(error) => new SourceUnavailableException(
            $"The git server of {url.Shown} shows a certificate that is not trusted: {LastLine(error)} The operator can add the authority that signed it (setting Fetch__CaFile)."),
        _ => new SourceUnavailableException($"{url.Shown} cannot be fetched: {LastLine(error)} The build goes on by itself when it can."),
    };

    /// <summary>Whether the server does not give a commit by its id alone, or knows no shallow clones: all of its branches have to be fetched.</summary>
    public static bool WantsAll(string error) => Unadvertised().IsMatch(error);

    // The first "fatal:" says more than what follows it; advice and what the server says of itself are left out.
    private static string LastLine(string error)
    {
        var lines = error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith("hint:", StringComparison.Ordinal)).ToList();
        var line = lines.Find(l => l.StartsWith("fatal:", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? "git says nothing";
        return LogTail.Cut(LogTail.Of(line).Replace('\n', ' '), Shown).TrimEnd('.') + ".";
    }

    [GeneratedRegex("Host key verification failed|HOST IDENTIFICATION HAS CHANGED|No [A-Z0-9-]+ host key is known", RegexOptions.CultureInvariant)]
    private static partial Regex HostKey();

    [GeneratedRegex(@"returned error: 30\d|unable to update url base from redirection", RegexOptions.CultureInvariant)]
    private static partial Regex Redirected();

    [GeneratedRegex(@"Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied|returned error: 40[13]|access denied|not authorized", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Unauthorized();

    [GeneratedRegex(@"[Rr]epository .*not (found|exported)|returned error: 404|does not appear to be a git repository|not valid: is this a git repository", RegexOptions.CultureInvariant)]
    private static partial Regex Missing();

    [GeneratedRegex(@"certificate|SSL|TLS|server verification failed", RegexOptions.CultureInvariant)]
    private static partial Regex Untrusted();

    [GeneratedRegex(@"invalid format|error in libcrypto|incorrect passphrase", RegexOptions.CultureInvariant)]
    private static partial Regex BadKey();

    [GeneratedRegex(@"unadvertised object|not our ref|does not support shallow|dumb http transport|no such remote ref", RegexOptions.CultureInvariant)]
    private static partial Regex Unadvertised();
}
