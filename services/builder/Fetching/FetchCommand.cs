using Kublambda.Builder.Buildpacks;
using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>
/// <c>fetch [options] &lt;bundle&gt; &lt;directory&gt;</c>: the first step of build pods. Reads a source bundle from the registry, checks its
/// digest, and unpacks it into an empty directory; writes what the next steps want beside it.
/// </summary>
public static class FetchCommand
{
    public const string Verb = "fetch";
    private const int Failed = 1;

    /// <param name="arguments">What to do.</param>
    /// <param name="registry">Where the bundle is.</param>
    /// <param name="error">For the one line that says why it failed.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(FetchArguments arguments, IRegistryClient registry, TextWriter error, CancellationToken cancellationToken)
    {
        var bundle = arguments.Bundle;
        try
        {
            var manifest = await registry.GetManifestAsync(bundle.Repository, bundle.Digest!, cancellationToken)
                ?? throw new InvalidDataException($"The source bundle {bundle} is not found in the registry.");
            if (manifest.Parse() is not { Layers: [{ } layer] })
                throw new InvalidDataException($"{bundle} is no source bundle: it does not have exactly one layer.");
            await using var content = await registry.OpenBlobAsync(bundle.Repository, layer.Digest, cancellationToken);
            await BundleUnpacker.UnpackAsync(content, arguments.Directory, cancellationToken);
            await PrepareAsync(arguments, cancellationToken);
            return 0;
        }
        catch (Exception e) when (e is RegistryException or InvalidDataException or IOException or UnauthorizedAccessException or Sources.SourceRefusedException)
        {
            await error.WriteLineAsync($"fetch: {e.Message}");
            return Failed;
        }
    }

    private static async Task PrepareAsync(FetchArguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.Scaffold is { Length: > 0 } runtime)
            await Scaffold.WriteAsync(runtime, arguments.Directory, cancellationToken);
        var beside = Path.GetDirectoryName(arguments.Directory)!;
        if (arguments.Dependencies)
            Directory.CreateDirectory(Path.Combine(beside, Dockerfile.DependenciesDirectory));
        if (arguments is not { Dockerfile: { } file, From: { } from })
            return;
        var text = Dockerfile.Of(from, arguments.Runtime, Path.GetFileName(arguments.Directory), arguments.Dependencies);
        await using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), cancellationToken);
    }
}
