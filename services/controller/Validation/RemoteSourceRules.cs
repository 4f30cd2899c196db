using System.Text.RegularExpressions;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>Rules for sources that lie elsewhere: <c>spec.source.archive</c>, <c>git</c> and <c>image</c>. Where a name leads to is the builder's to judge.</summary>
internal static partial class RemoteSourceRules
{
    private const string ArchiveField = "spec.source.archive";
    private const string GitField = "spec.source.git";

    public static IEnumerable<Problem> Archive(ArchiveSource archive)
    {
        if (WrongWithUrl(archive.Url, ["https", "http"]) is { } wrong)
            yield return new Problem($"{ArchiveField}.url", $"{wrong}: write the URL of a zip or tar.gz, for example https://example.com/source.tar.gz.");
        if (!Sha256().IsMatch(archive.Sha256))
            yield return new Problem($"{ArchiveField}.sha256", "this is not a SHA-256: write the 64 lower-case digits that `sha256sum source.tar.gz` prints.");
        foreach (var problem in SubPath($"{ArchiveField}.subPath", archive.SubPath))
            yield return problem;
    }

    public static IEnumerable<Problem> Git(GitSource git)
    {
        if (WrongWithUrl(git.Url, ["https", "http", "ssh"]) is { } wrong)
            yield return new Problem($"{GitField}.url", $"{wrong}: write an https or ssh URL, for example https://git.example.com/team/app.git or ssh://git@git.example.com/team/app.git.");
        else if (git.Url.StartsWith("ssh:", StringComparison.Ordinal) && git.SecretRef is null)
            yield return new Problem($"{GitField}.secretRef", "an ssh URL needs a key: name a Secret with ssh-privatekey and known_hosts, or write an https URL.");
        else if (git.Url.StartsWith("http:", StringComparison.Ordinal) && git.SecretRef is not null)
            yield return new Problem($"{GitField}.secretRef", "credentials would be readable on their way over plain http: write an https URL, or remove the field.");
        if (git.Revision is { } revision && WrongWithRevision(revision) is { } bad)
            yield return new Problem($"{GitField}.revision", $"\"{SourceRules.Shown(revision)}\" {bad}: write a branch, a tag or the 40 digits of a commit.");
        foreach (var problem in SubPath($"{GitField}.subPath", git.SubPath))
            yield return problem;
        if (git.SecretRef is { } secret && (secret.Name.Length is 0 or > 253 || !LambdaValidator.SubdomainPattern().IsMatch(secret.Name)))
            yield return new Problem($"{GitField}.secretRef.name", $"\"{SourceRules.Shown(secret.Name)}\" is not a name: write that of a Secret in the Lambda's namespace.");
    }

    public static IEnumerable<Problem> Image(ImageSource image)
    {
        if (!ImagePattern().IsMatch(image.Reference) || image.Reference.Length > 512)
            yield return new Problem("spec.source.image.reference", $"\"{SourceRules.Shown(image.Reference)}\" is not an image name: write for example ghcr.io/acme/resize:1.2 or ghcr.io/acme/resize@sha256:....");
    }

    /// <summary>A ready image is a runtime of its own, and nothing is built of it.</summary>
    public static IEnumerable<Problem> ReadyImage(LambdaSpec spec)
    {
        var ready = spec.Runtime == Runtimes.Image;
        if (ready != spec.Source.Image is not null)
        {
            yield return ready
                ? new Problem("spec.source", $"runtime {Runtimes.Image} runs a ready image: write source: {{image: {{reference: ...}}}}, or another runtime.")
                : new Problem("spec.runtime", $"\"{spec.Runtime}\" is built from code, and spec.source.image is a ready image: write runtime: {Runtimes.Image}, or another source.");
        }

        if (ready && spec.Build is not null)
            yield return new Problem("spec.build", "nothing is built of a ready image: remove the field.");
    }

    private static IEnumerable<Problem> SubPath(string field, string? path)
    {
        if (path is not null && SourceRules.WrongWith(path.TrimEnd('/')) is { } wrong)
            yield return new Problem(field, $"\"{SourceRules.Shown(path)}\" {wrong}: write the path of a directory with '/' between its parts, for example functions/resize.");
    }

    // What git could take for an option, a helper (ext::) or a file is no URL of one of these schemes.
    private static string? WrongWithUrl(string url, string[] schemes)
    {
        if (!UrlPattern().IsMatch(url) || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Host.Length == 0 || parsed.Host[0] == '-')
            return $"\"{SourceRules.Shown(UserPattern().Replace(url, "//...@"))}\" is not a URL";
        if (!schemes.Contains(parsed.Scheme))
            return $"the scheme \"{SourceRules.Shown(parsed.Scheme)}\" is not allowed";
        if (parsed.Fragment.Length > 0)
            return "the URL has a fragment (#)";
        if (parsed.Scheme == "ssh" ? parsed.UserInfo.Contains(':', StringComparison.Ordinal) : parsed.UserInfo.Length > 0)
            return "the URL holds a user or password, which everybody who reads the Lambda would see";
        return null;
    }

    private static string? WrongWithRevision(string revision) => revision switch
    {
        "" => "is empty",
        _ when revision.Length > 255 => "is longer than 255 characters",
        _ when revision[0] == '-' => "could be taken for an option",
        _ when !RevisionPattern().IsMatch(revision) || revision.Contains("..", StringComparison.Ordinal) || revision.EndsWith(".lock", StringComparison.Ordinal) || revision.EndsWith('/') => "is not the name of a branch, tag or commit",
        _ => null,
    };

    /// <summary>A name, a tag and a digest as the OCI distribution specification has them.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5}(?=/))?(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[a-f0-9]{64})?\z")]
    private static partial Regex ImagePattern();

    [GeneratedRegex("//.*@")]
    private static partial Regex UserPattern();

    [GeneratedRegex(@"^[a-f0-9]{64}\z")]
    private static partial Regex Sha256();

    [GeneratedRegex(@"^[a-z]+://[^\s\p{Cc}'""\\`<>|^{}]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex UrlPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_./-]*\z")]
    private static partial Regex RevisionPattern();
}
