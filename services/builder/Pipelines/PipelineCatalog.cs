using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Pipelines;

/// <summary>The pipelines of this installation.</summary>
public sealed class PipelineCatalog
{
    // Makes the files a ConfigMap, and may lie beside them.
    private const string Kustomization = "kustomization.yaml";

    private readonly SortedDictionary<string, Pipeline> _pipelines = new(StringComparer.Ordinal);

    private PipelineCatalog(string standard)
    {
        Default = standard;
        _pipelines[Pipeline.Append.Name] = Pipeline.Append;
    }

    /// <summary>The pipeline of Lambdas that ask for none, or for <c>auto</c>, and whose source <see cref="Pipeline.Append"/> does not do for.</summary>
    public string Default { get; }

    public IReadOnlyCollection<string> Names => _pipelines.Keys;

    /// <summary>By name.</summary>
    public IReadOnlyCollection<Pipeline> All => _pipelines.Values;

    /// <summary>Null where there is no such pipeline.</summary>
    public Pipeline? Find(string? name) => _pipelines.GetValueOrDefault(name is null or BuildSpec.AutoPipeline ? Default : name);

    /// <summary>Reads all <c>*.yaml</c> of the directories; in a later one a file replaces the pipeline of the same name.</summary>
    /// <exception cref="PipelineFileException">A file is wrong, or a setting that it needs is missing.</exception>
    public static PipelineCatalog Load(BuildOptions options)
    {
        var catalog = new PipelineCatalog(options.DefaultPipeline);
        foreach (var directory in options.PipelinesPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(directory, "*.yaml").Where(f => Path.GetFileName(f) != Kustomization).Order(StringComparer.Ordinal))
            {
                var name = Path.GetFileNameWithoutExtension(file);
                if (name == Pipeline.Append.Name)
                    throw new PipelineFileException(file, 0, $"\"{name}\" is the name of the pipeline that the builder has built in: take another one.");
                var settings = options.Parameters.GetValueOrDefault(name) ?? [];
                var pipeline = PipelineFile.Read(file, File.ReadAllText(file), settings);
                if (pipeline.Name != name)
                    throw new PipelineFileException(file, 0, $"the pipeline is named \"{pipeline.Name}\": name the file {pipeline.Name}.yaml.");
                foreach (var image in pipeline.Steps.Select(s => s.Container.Image).Append(pipeline.Builder ?? "").SelectMany(i => Variables.References(i, Variables.Images)))
                {
                    if (!options.Images.ContainsKey(image))
                        throw new PipelineFileException(file, 0, $"$(images.{image}) has no value: set Build__{char.ToUpperInvariant(image[0])}{image[1..]}Image.");
                }

                catalog._pipelines[name] = pipeline;
            }
        }

        if (catalog.Find(null) is null)
            throw new PipelineFileException(options.PipelinesPath, 0, $"has no pipeline \"{options.DefaultPipeline}\", which Build__DefaultPipeline names; it has {(catalog._pipelines.Count == 0 ? "none" : string.Join(", ", catalog.Names))}.");
        return catalog;
    }
}
