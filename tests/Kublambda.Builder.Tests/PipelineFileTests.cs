using Kublambda.Builder.Pipelines;

namespace Kublambda.Builder.Tests;

/// <summary>A wrong pipeline is refused when the builder starts, and the message leads to the line.</summary>
public sealed class PipelineFileTests
{
    private const string Good = """
        name: p
        description: d
        parameters:
          - name: size
            type: quantity
            description: d
            default: 1Gi
        volumes:
          - name: work
            emptyDir: {sizeLimit: $(params.size)}
        steps:
          - name: build
            image: $(images.tool)
            args: [$(build.image), "$(params.size)"]
            env:
              - {name: A, value: $(build.revision)}
            resources: {limits: {memory: 1Gi, cpu: 2}}
            securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [CHOWN]}}
            volumeMounts: [{name: work, mountPath: /work}]
        """;

    [Fact]
    public void A_good_file_is_read_and_its_parameters_are_set()
    {
        var pipeline = Read(Good);
        Assert.Equal("1Gi", pipeline.Volumes[0].EmptyDir.SizeLimit.ToString());
        Assert.Equal(["$(build.image)", "1Gi"], pipeline.Steps[0].Container.Args);
        Assert.Equal("2Gi", Read(Good, ("size", "2Gi")).Volumes[0].EmptyDir.SizeLimit.ToString());
    }

    [Theory]
    [InlineData("name: p", "name: P p", 1, "DNS label")]
    [InlineData("description: d\nparameters", "descripton: d\nparameters", 2, "no such field")]
    [InlineData("type: quantity", "type: quantitty", 5, "\"quantitty\" is no type")]
    [InlineData("default: 1Gi", "default: 1 Gi", 7, "is no quantity")]
    [InlineData("default: 1Gi", "defalt: 1Gi", 7, "no such field")]
    [InlineData("emptyDir: {sizeLimit: $(params.size)}", "hostPath: {path: /}", 10, "no such field")]
    [InlineData("emptyDir: {sizeLimit", "emptyDir: {sizeLimt", 10, "no such field")]
    [InlineData("args: [$(build.image)", "args: [$(build.imag)", 14, "no $(build.imag)")]
    [InlineData("\"$(params.size)\"", "\"$(params.sise)\"", 14, "names no parameter")]
    [InlineData("\"$(params.size)\"", "\"$(secrets.size)\"", 14, "begin with params, build or images")]
    [InlineData("runAsUser: 0,", "runAsUser: root,", 18, "does not fit")]
    [InlineData("runAsUser: 0,", "privileged: true,", 18, "never privileged")]
    [InlineData("drop: [ALL], ", "", 18, "drop all capabilities")]
    [InlineData("{memory: 1Gi, cpu: 2}", "{cpu: 2}", 17, "limit memory")]
    [InlineData("{name: work, mountPath", "{name: wrk, mountPath", 19, "no volume \"wrk\"")]
    [InlineData("{name: work, mountPath: /work}", "{name: work, mountPth: /work}", 19, "no such field")]
    [InlineData("    image: $(images.tool)\n", "", 12, "\"image\" is missing")]
    [InlineData("value: $(build.revision)", "valueFrom: {secretKeyRef: {name: s, key: k}}", 16, "plain value")]
    [InlineData("    securityContext:", "    registryCredentials: /auth\n    buildEnv: true\n    securityContext:", 12, "either registryCredentials or buildEnv")]
    [InlineData("    resources:", "    when: sometimes\n    resources:", 17, "no condition")]
    [InlineData("    resources:", "    asBuilder: true\n    resources:", 19, "runs as the builder's user")]
    [InlineData("    resources:", "    failures: [{exitCodes: [0], reason: BuildFailed, message: m}]\n    resources:", 17, "no exit code of a failure")]
    [InlineData("    resources:", "    failures: [{exitCodes: [1], reason: Bad, message: m}]\n    resources:", 17, "no reason of a failed build")]
    [InlineData("    resources:", "    failures: [{exitCodes: [1], reason: BuildFailed}]\n    resources:", 17, "\"message\" is missing")]
    [InlineData("description: d\nparameters", "description: d\nruntimes: [cobol]\nparameters", 3, "is no runtime")]
    [InlineData("description: d\nparameters", "description: d\nbuilder: $(params.no)\nparameters", 3, "names no parameter")]
    [InlineData("description: d\nparameters", "description: d\ndescription: d\nparameters", 3, "no YAML")]
    [InlineData("description: d\nparameters", "description: \"d\nparameters", 2, "no YAML")]
    public void A_wrong_file_is_refused_with_line_and_reason(string good, string wrong, int line, string reason)
    {
        Assert.Contains(good, Good, StringComparison.Ordinal);
        var refused = Assert.Throws<PipelineFileException>(() => Read(Good.Replace(good, wrong, StringComparison.Ordinal)));
        Assert.Equal(line, refused.Line);
        Assert.StartsWith($"p.yaml:{line}: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_the_installation_are_held_to_the_parameters_types()
    {
        Assert.Contains("is no quantity", Assert.Throws<PipelineFileException>(() => Read(Good, ("size", "much"))).Message, StringComparison.Ordinal);
        Assert.Contains("no parameter", Assert.Throws<PipelineFileException>(() => Read(Good, ("sise", "1Gi"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_a_catalog_in_which_later_files_replace_earlier_ones()
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        File.WriteAllText(Path.Combine(first.Path, "p.yaml"), Good);
        File.WriteAllText(Path.Combine(first.Path, "kustomization.yaml"), "kind: Kustomization");
        File.WriteAllText(Path.Combine(second.Path, "p.yaml"), Good.Replace("description: d", "description: mine", StringComparison.Ordinal));
        var options = new BuildOptions { PipelinesPath = $"{first.Path}:{second.Path}", DefaultPipeline = "p", Images = { ["tool"] = "i" } };
        var catalog = PipelineCatalog.Load(options);
        Assert.Equal(["append", "p"], catalog.Names);
        Assert.Equal("mine", catalog.Find("auto")!.Description);
        Assert.Same(catalog.Find(null), catalog.Find("p"));
        Assert.Null(catalog.Find("kaniko"));
        Assert.Contains("Build__ToolImage", Assert.Throws<PipelineFileException>(() => PipelineCatalog.Load(options with { Images = [] })).Message, StringComparison.Ordinal);
        Assert.Contains("\"kaniko\"", Assert.Throws<PipelineFileException>(() => PipelineCatalog.Load(options with { DefaultPipeline = "kaniko" })).Message, StringComparison.Ordinal);
    }

    private static Pipeline Read(string yaml, params (string Name, string Value)[] settings) =>
        PipelineFile.Read("p.yaml", yaml, settings.ToDictionary(s => s.Name, s => s.Value));
}
