using System.Text.Json;
using Kublambda.Builder.Sources;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Pipelines;

/// <summary>
/// The files by which a source says that it is not complete as it is: that dependencies have to be installed, or code to be
/// compiled. The one list of them, by runtime.
/// </summary>
public static class DependencyManifests
{
    private const string NodePackage = "package.json";
    private const string NodeModules = "node_modules/";
    private const string PythonRequirements = "requirements.txt";
    private const int ManifestBytes = 1024 * 1024;
    private static readonly string[] NodeDependencies = ["dependencies", "optionalDependencies"];
    private static readonly string[] DotnetSources = [".cs", ".csproj", ".fs", ".fsproj", ".vb", ".vbproj", ".sln", ".slnx"];

    /// <returns>The path of the manifest that asks for more than copying; null: the source runs as it is.</returns>
    public static async Task<string?> FindAsync(string runtime, Bundle bundle, CancellationToken cancellationToken) => runtime switch
    {
        // Modules that came along are those that are meant.
        Runtimes.Nodejs when bundle.Paths.Any(p => p.StartsWith(NodeModules, StringComparison.Ordinal)) => null,
        Runtimes.Nodejs => await NamesAsync(bundle, NodePackage, NeedsModules, cancellationToken),
        Runtimes.Python => await NamesAsync(bundle, PythonRequirements, NeedsPackages, cancellationToken),
        Runtimes.Dotnet => bundle.Paths.FirstOrDefault(p => DotnetSources.Any(e => p.EndsWith(e, StringComparison.OrdinalIgnoreCase))),
        _ => null,
    };

    private static async Task<string?> NamesAsync(Bundle bundle, string path, Func<string, bool> needs, CancellationToken cancellationToken) =>
        bundle.Paths.Contains(path) && (await BundleFile.ReadTextAsync(bundle, path, ManifestBytes, cancellationToken) is not { } text || needs(text)) ? path : null;

    // One that cannot be read is left to the package manager, which says what is wrong with it.
    private static bool NeedsModules(string json)
    {
        try
        {
            using var package = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            return package.RootElement.ValueKind != JsonValueKind.Object || NodeDependencies.Any(d => package.RootElement.TryGetProperty(d, out var list)
                && (list.ValueKind != JsonValueKind.Object || list.EnumerateObject().Any()));
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static bool NeedsPackages(string requirements) =>
        requirements.Split('\n').Select(l => l.Trim()).Any(l => l.Length > 0 && !l.StartsWith('#'));
}
