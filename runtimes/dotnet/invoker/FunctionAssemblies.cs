using System.Reflection;
using System.Runtime.Loader;

namespace Kublambda.Invoker;

/// <summary>
/// Loads the function's assemblies out of its directory. What the runtime has already (the framework, the CloudEvents SDK) is the
/// runtime's; all else is the function's own, in the versions it was built with.
/// </summary>
internal sealed class FunctionAssemblies : AssemblyLoadContext
{
    private const string Contract = "Google.Cloud.Functions.Framework";
    private readonly string _source;
    private readonly AssemblyDependencyResolver? _resolver;

    public FunctionAssemblies(string source)
        : base("function")
    {
        _source = source;
        var main = MainFiles(source);
        _resolver = main.Count == 1 && File.Exists(Path.ChangeExtension(main[0], ".deps.json")) ? new AssemblyDependencyResolver(main[0]) : null;
    }

    /// <summary>The assemblies in which a function may be: those with a <c>.deps.json</c> beside them, else all.</summary>
    /// <exception cref="FatalException">There is none, or one cannot be loaded.</exception>
    public IReadOnlyList<Assembly> LoadMain()
    {
        var files = MainFiles(_source);
        if (files.Count == 0)
        {
            var there = Directory.Exists(_source) ? string.Join(", ", Directory.EnumerateFileSystemEntries(_source).Select(Path.GetFileName).Order(StringComparer.Ordinal).Take(20)) : "";
            throw new FatalException(
                ExitCodes.BadTarget, $"There is no assembly (*.dll) in the source. It holds: {(there.Length > 0 ? there : "nothing")}.",
                "publish the class library (dotnet publish -c Release) and let the source be its output, or let a pipeline with the .NET SDK build it.");
        }

        try
        {
            return [.. files.Select(LoadFromAssemblyPath)];
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException)
        {
            throw new FatalException(ExitCodes.LoadFailed, $"An assembly of the source could not be loaded: {e.Message}", "build it for .NET 10 or older, any processor.");
        }
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name is not { } name)
            return null;
        var own = _resolver?.ResolveAssemblyToPath(assemblyName) ?? InSource(name);
        if (own is not null && (name == Contract || !Shared(name)))
            return LoadFromAssemblyPath(own);
        // By its name alone: functions may be compiled against another version than the runtime's.
        return name == Contract ? typeof(Google.Cloud.Functions.Framework.IHttpFunction).Assembly
            : name == "CloudNative.CloudEvents" ? typeof(CloudNative.CloudEvents.CloudEvent).Assembly : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver?.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private string? InSource(string name) => Path.Combine(_source, $"{name}.dll") is var file && File.Exists(file) ? file : null;

    private static bool Shared(string name)
    {
        var known = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator);
        return known.Any(path => string.Equals(Path.GetFileNameWithoutExtension(path), name, StringComparison.OrdinalIgnoreCase));
    }

    private static List<string> MainFiles(string source)
    {
        if (!Directory.Exists(source))
            return [];
        var all = Directory.GetFiles(source, "*.dll").Order(StringComparer.Ordinal).ToList();
        var described = all.FindAll(file => File.Exists(Path.ChangeExtension(file, ".deps.json")));
        return described.Count > 0 ? described : all;
    }
}
