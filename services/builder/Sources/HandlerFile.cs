using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Sources;

/// <summary>Looks, before anything is built, whether the file that <c>spec.handler</c> names is in the source.</summary>
public static class HandlerFile
{
    private const int Shown = 20;

    // The invoker of the runtime looks in the same places: runtimes/nodejs/invoker/lib/loader.js.
    private static readonly string[] NodeExtensions = [".js", ".mjs", ".cjs"];

    /// <exception cref="SourceRefusedException">It is not there; the message says what is.</exception>
    public static void Check(LambdaSpec spec, IReadOnlyCollection<string> paths)
    {
        if (spec.Runtime != Runtimes.Nodejs)
            return;
        var handler = spec.Handler ?? Defaults.Handler;
        var dot = handler.LastIndexOf('.');
        if (dot <= 0 || dot == handler.Length - 1)
            throw new SourceRefusedException($"The handler \"{SourcePath.Show(handler)}\" is not of the form module.function, for example \"{Defaults.Handler}\".");

        var module = handler[..dot];
        if (NodeExtensions.Any(e => paths.Contains(module + e) || paths.Contains($"{module}/index{e}")))
            return;

        var wanted = string.Join(", ", NodeExtensions.Select(e => module + e));
        var other = paths.FirstOrDefault(p => NodeExtensions.Any(e => p.EndsWith($"/{module}{e}", StringComparison.Ordinal)));
        var remedy = other is not null
            ? $"There is {SourcePath.Show(other)}: pack the archive from inside its directory, or set spec.handler to \"{SourcePath.Show(Path.ChangeExtension(other, null))}{handler[dot..]}\"."
            : $"Add {module}.js, or let spec.handler name a file that is there.";
        throw new SourceRefusedException(
            $"The handler \"{SourcePath.Show(handler)}\" needs one of {SourcePath.Show(wanted)}, and the source has none of them. It holds: {List(paths)}. {remedy}");
    }

    private static string List(IReadOnlyCollection<string> paths)
    {
        var shown = string.Join(", ", paths.Take(Shown).Select(SourcePath.Show));
        return paths.Count > Shown ? $"{shown} and {paths.Count - Shown} more" : shown;
    }
}
