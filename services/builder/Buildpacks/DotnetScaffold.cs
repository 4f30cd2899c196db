namespace Kublambda.Builder.Buildpacks;

/// <summary>
/// Makes a .NET function into an application: the root gets a project of the web SDK, by which Paketo's dotnet-publish and dotnet-execute detect, with
/// the runtime's invoker as its code; the source moves into <c>function/</c> and is published beside it, with a project of ours where it has none. Nothing else starts
/// it than dotnet-execute does: a Procfile would be gone when the buildpack has put the output in place of the source.
/// </summary>
internal static class DotnetScaffold
{
    private const string FunctionDirectory = "function";
    private const string AppProject = "app.csproj";
    private const string FunctionProject = "function.csproj";
    private static readonly string[] Projects = [".csproj", ".fsproj", ".vbproj"];

    // What the SDK, NuGet and the lifecycle look for in the root, and the directory of the scaffold.
    private static readonly string[] Staying =
        [Scaffold.Directory, "global.json", "nuget.config", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "project.toml"];

    /// <param name="application">The directory of the source, with the runtime's files in <see cref="Scaffold.Directory"/>.</param>
    /// <param name="read">Reads one of the project files that are templates here.</param>
    /// <exception cref="InvalidDataException">The source cannot be published as one function.</exception>
    public static void Write(string application, Func<string, string> read)
    {
        var root = new DirectoryInfo(application);
        var entries = root.GetFileSystemInfos().Where(e => !Staying.Contains(e.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        var projects = entries.Where(e => e is FileInfo && Projects.Contains(e.Extension, StringComparer.OrdinalIgnoreCase)).Select(e => e.Name).Order(StringComparer.Ordinal).ToList();
        if (projects.Count > 1)
            throw new InvalidDataException($"The source has {projects.Count} projects in its root ({string.Join(", ", projects)}): which one is the function? Put the others into directories of their own.");

        // By way of a name that no source has: it may have a "function" itself.
        var moved = System.IO.Directory.CreateDirectory(Path.Combine(application, Scaffold.Directory, FunctionDirectory));
        foreach (var entry in entries)
        {
            var to = Path.Combine(moved.FullName, entry.Name);
            if (entry is DirectoryInfo directory)
                directory.MoveTo(to);
            else
                File.Move(entry.FullName, to);
        }

        if (projects.Count == 0)
            File.WriteAllText(Path.Combine(moved.FullName, FunctionProject), read(FunctionProject));
        moved.MoveTo(Path.Combine(application, FunctionDirectory));
        File.WriteAllText(Path.Combine(application, AppProject), read(AppProject));
    }
}
