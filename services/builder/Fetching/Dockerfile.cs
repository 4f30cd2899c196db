using System.Text.RegularExpressions;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>
/// The Dockerfile of builders that want one: the function's files on its runtime's image. Written by us alone: nothing that a user
/// named goes into it, neither paths nor handler. Pure.
/// </summary>
public static partial class Dockerfile
{
    /// <summary>What installed dependencies lie in, beside the source.</summary>
    public const string DependenciesDirectory = "dependencies";

    /// <param name="from">The runtime's image, by digest.</param>
    /// <param name="runtime"><c>spec.runtime</c>.</param>
    /// <param name="source">Name of the directory of the source, in the build context.</param>
    /// <param name="dependencies">Whether a step before installs dependencies.</param>
    /// <exception cref="ArgumentException">The image is not named by digest, or the directory could mean something else to a Dockerfile.</exception>
    public static string Of(ImageReference from, string runtime, string source, bool dependencies)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (from.Digest is null)
            throw new ArgumentException($"{from} has no digest.", nameof(from));
        if (!PlainName().IsMatch(source))
            throw new ArgumentException($"\"{source}\" is no plain name.", nameof(source));
        var lines = new List<string> { $"FROM {from}" };
        // First what changes least: its layer is found again when only the source changes. Of what is compiled, the result is all.
        if (dependencies)
            lines.Add($"COPY --chown=0:0 {DependenciesDirectory}/ /function/");
        if (!dependencies || runtime != Runtimes.Dotnet)
            lines.Add($"COPY --chown=0:0 {source}/ /function/");
        return string.Join('\n', lines) + "\n";
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]*\z")]
    private static partial Regex PlainName();
}
