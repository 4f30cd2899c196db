using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;
using Kublambda.Contracts.Resources;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kublambda.Builder.Pipelines;

/// <summary>Reads one pipeline file. Everything that can be wrong about it is found here, when the builder starts.</summary>
public static partial class PipelineFile
{
    /// <summary>Name of the volume with the registry's credentials, which no file may take.</summary>
    public const string CredentialsVolume = "registry-credentials";

    private static readonly string[] StepFields =
        ["name", "image", "command", "args", "env", "resources", "securityContext", "volumeMounts", "registryCredentials", "buildEnv", "network", "asBuilder", "when", "failures"];

    private static readonly string[] AllRuntimes = [Runtimes.Nodejs, Runtimes.Python, Runtimes.Dotnet, Runtimes.Buildpack];

    /// <param name="file">Its path, for messages.</param>
    /// <param name="yaml">Its content.</param>
    /// <param name="settings">The installation's values for the pipeline's parameters.</param>
    /// <exception cref="PipelineFileException">It is wrong; the message says where and why.</exception>
    public static Pipeline Read(string file, string yaml, IReadOnlyDictionary<string, string> settings)
    {
        var root = new PipelineNode(file, "", Parse(file, yaml));
        var fields = root.Fields("name", "description", "runtimes", "automatic", "builder", "parameters", "volumes", "steps");
        var name = root.Require(fields, "name");
        if (!DnsLabel().IsMatch(name.NonEmpty))
            throw name.Error("must be lower-case letters, digits and hyphens (a DNS label).");

        var parameters = fields.TryGetValue("parameters", out var list) ? list.Items.Select(p => Parameter(p, settings)).ToList() : [];
        Unique(list, parameters.Select(p => p.Name));
        if (settings.Keys.FirstOrDefault(s => parameters.All(p => p.Name != s)) is { } unknown)
            throw root.Error($"the setting Build__Parameters__{name.Text}__{unknown} names no parameter of this pipeline.");
        var values = parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);

        var volumes = fields.TryGetValue("volumes", out var v) ? v.Items.Select(i => Volume(i, values)).ToList() : [];
        Unique(v, volumes.Select(i => i.Name));
        var stepList = root.Require(fields, "steps");
        var steps = stepList.Items.Select(s => PipelineStepNode.Read(s, StepFields, values, volumes)).ToList();
        if (steps.Count == 0)
            throw stepList.Error("a pipeline needs at least one step.");
        Unique(stepList, steps.Select(s => s.Name));
        var builder = fields.TryGetValue("builder", out var image) ? Variables.ExpandParameters(image, image.NonEmpty, values) : null;
        if (builder is null && steps.Any(s => s.AsBuilder))
            throw root.Error("a step has asBuilder, and the pipeline names no builder.");
        return new Pipeline
        {
            Name = name.Text,
            Description = root.Require(fields, "description").NonEmpty,
            Runtimes = fields.TryGetValue("runtimes", out var runtimes) ? [.. runtimes.Items.Select(Runtime)] : [],
            Automatic = !fields.TryGetValue("automatic", out var automatic) || automatic.Boolean,
            Builder = builder,
            Parameters = parameters,
            Volumes = volumes,
            Steps = steps,
        };
    }

    private static YamlNode Parse(string file, string yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            return stream.Documents.Count == 1
                ? stream.Documents[0].RootNode
                : throw new PipelineFileException(file, 0, $"holds {stream.Documents.Count} YAML documents; one file is one pipeline.");
        }
        catch (YamlException e)
        {
            throw new PipelineFileException(file, e.Start.Line, $"is no YAML: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // What YamlDotNet throws for a few kinds of broken nesting, without a place.
            throw new PipelineFileException(file, 0, "is no YAML: brackets or indentation do not match.");
        }
    }

    private static string Runtime(PipelineNode node) => AllRuntimes.Contains(node.NonEmpty)
        ? node.Text
        : throw node.Error($"\"{node.Text}\" is no runtime. Allowed: {string.Join(", ", AllRuntimes)}.");

    private static PipelineParameter Parameter(PipelineNode node, IReadOnlyDictionary<string, string> settings)
    {
        var fields = node.Fields("name", "type", "enum", "description", "default");
        var name = node.Require(fields, "name");
        if (!DnsLabel().IsMatch(name.NonEmpty))
            throw name.Error("must be lower-case letters, digits and hyphens.");
        var typeNode = node.Require(fields, "type");
        var type = typeNode.Text switch
        {
            "string" => ParameterType.Text,
            "integer" => ParameterType.Number,
            "boolean" => ParameterType.Boolean,
            "quantity" => ParameterType.Quantity,
            var other => throw typeNode.Error($"\"{other}\" is no type. Allowed: string, integer, boolean, quantity."),
        };
        var allowed = fields.TryGetValue("enum", out var list) ? list.Items.Select(i => i.Text).ToList() : [];
        var standard = node.Require(fields, "default");
        var set = settings.TryGetValue(name.Text, out var setting);
        var value = set ? setting! : standard.Text;
        if (Objection(type, allowed, value) is { } objection)
            throw set ? name.Error($"the installation sets it to \"{value}\", which {objection}") : standard.Error($"\"{value}\" {objection}");
        return new PipelineParameter(name.Text, type, allowed, node.Require(fields, "description").NonEmpty, value);
    }

    private static string? Objection(ParameterType type, List<string> allowed, string value) => type switch
    {
        _ when allowed.Count > 0 && !allowed.Contains(value) => $"is none of {string.Join(", ", allowed.Select(a => $"\"{a}\""))}.",
        ParameterType.Number when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) => "is no whole number.",
        ParameterType.Boolean when value is not ("true" or "false") => "is neither true nor false.",
        ParameterType.Quantity when !QuantityPattern().IsMatch(value) => "is no quantity such as 512Mi or 250m.",
        _ when value.Any(char.IsControl) || value.Contains("$(", StringComparison.Ordinal) => "holds a control character or \"$(\".",
        _ => null,
    };

    private static V1Volume Volume(PipelineNode node, IReadOnlyDictionary<string, string> values)
    {
        // Nothing of the node or of other namespaces may enter a build: emptyDir is all there is.
        var fields = node.Fields("name", "emptyDir");
        var name = node.Require(fields, "name");
        if (!DnsLabel().IsMatch(name.NonEmpty) || name.Text == CredentialsVolume)
            throw name.Error("must be lower-case letters, digits and hyphens, and not \"" + CredentialsVolume + "\".");
        return new V1Volume
        {
            Name = name.Text,
            EmptyDir = KubernetesNode.Read<V1EmptyDirVolumeSource>(node.Require(fields, "emptyDir"), values),
        };
    }

    private static void Unique(PipelineNode? node, IEnumerable<string> names)
    {
        if (names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw node!.Error($"the name \"{twice.Key}\" is there twice.");
    }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    internal static partial Regex DnsLabel();

    [GeneratedRegex(@"\A[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?\z")]
    private static partial Regex QuantityPattern();
}
