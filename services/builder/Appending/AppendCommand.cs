using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>
/// <c>append</c>, the last step of build pods whose tool only makes layers: puts the image together in the registry, on a base that the pod never reads.
/// </summary>
public static class AppendCommand
{
    public const string Verb = "append";

    /// <param name="arguments">What to do.</param>
    /// <param name="registry">Where the image goes.</param>
    /// <param name="registries">For where the base lies.</param>
    /// <param name="output">For the one line that says what was pushed.</param>
    /// <param name="error">For the one line that says why it failed.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(AppendArguments arguments, IRegistryClient registry, IRegistryClients registries, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(registries);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var (to, added) = (arguments.Target, new List<AddedLayer>());
        try
        {
            if (arguments.Dependencies is { } kept)
            {
                var layer = await DependencyCache.ReadAsync(registry, kept.Repository, kept.Tag!, cancellationToken)
                    ?? throw new InvalidDataException($"The installed dependencies {kept} are not found in the registry.");
                added.Add(ImageWriter.Kept(registry, kept.Repository, to.Repository, layer));
            }

            if (arguments.Layers is { } directory)
                added.AddRange(LayoutLayers.Read(directory, (layer, file) => new AddedLayer(layer, token => registry.PushBlobAsync(to.Repository, layer.Digest, layer.Length, () => File.OpenRead(file), token))));
            var below = await ImageWriter.ReadAsync(registries.For(arguments.Base.Host), arguments.Base, cancellationToken);
            var image = await ImageWriter.WriteAsync(registry, to.Repository, to.Tag!, below, added, arguments.Labels, cancellationToken);
            if (arguments.DigestFile is { } file)
                await File.WriteAllTextAsync(file, image.Digest, cancellationToken);
            await output.WriteLineAsync($"pushed {to}");
            return 0;
        }
        catch (JsonException e)
        {
            await error.WriteLineAsync($"append: {arguments.Base} cannot be built on: {e.Message}");
            return 1;
        }
        catch (Exception e) when (e is RegistryException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"append: {e.Message}");
            return 1;
        }
    }
}
