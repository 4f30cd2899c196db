using System.Security.Cryptography;
using System.Text;
using Kublambda.Builder.Sources;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Pipelines;

/// <summary>
/// A name for the dependencies of a source: equal where all that decides what an installation gives is equal, whatever else changed in the source.
/// </summary>
public static class DependencyKey
{
    private const int Length = 16;
    private const int ManifestBytes = 16 * 1024 * 1024;
    private static readonly string[] NodeManifests = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];
    private static readonly string[] PythonManifests = ["requirements.txt"];

    /// <param name="runtime"><c>spec.runtime</c>.</param>
    /// <param name="bundle">The source.</param>
    /// <param name="around">What else decides: the image that installs, the image that runs, <c>spec.build.env</c>, a forced rebuild.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Sixteen hex digits.</returns>
    public static async Task<string> OfAsync(string runtime, Bundle bundle, IEnumerable<string?> around, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, runtime);
        foreach (var part in around)
            Append(hash, part ?? "");
        var manifests = runtime switch { Runtimes.Nodejs => NodeManifests, Runtimes.Python => PythonManifests, _ => [] };
        var whole = manifests.Length == 0;
        foreach (var manifest in manifests.Where(bundle.Paths.Contains))
        {
            var text = await BundleFile.ReadTextAsync(bundle, manifest, ManifestBytes, cancellationToken);
            whole |= text is null || (manifest == manifests[0] && ReachesIntoSource(runtime, text));
            Append(hash, manifest);
            Append(hash, text ?? "");
        }

        // Compiled, or installed from the source's own files: any change counts.
        if (whole)
            Append(hash, bundle.ContentDigest);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Length];
    }

    private static bool ReachesIntoSource(string runtime, string manifest) => runtime == Runtimes.Nodejs
        ? manifest.Contains("\"file:", StringComparison.Ordinal) || manifest.Contains("\"link:", StringComparison.Ordinal) || manifest.Contains("\"workspaces\"", StringComparison.Ordinal)
        : manifest.Split('\n').Select(l => l.TrimStart()).Any(l => l.StartsWith('-') || l.StartsWith('.') || l.StartsWith('/') || l.Contains("file:", StringComparison.Ordinal));

    private static void Append(IncrementalHash hash, string part)
    {
        var bytes = Encoding.UTF8.GetBytes(part);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}
