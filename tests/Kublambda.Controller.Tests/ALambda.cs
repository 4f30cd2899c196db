using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Tests;

/// <summary>Builds Lambdas for tests: valid, until told otherwise.</summary>
internal sealed class ALambda(string name = "hello")
{
    public const string Uid = "1a2b3c4d-0000-4000-8000-000000000000";
    private readonly Lambda _lambda = new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "shop", Uid = Uid, Generation = 1, ResourceVersion = "7" },
        Spec = new LambdaSpec
        {
            Runtime = Runtimes.Nodejs,
            Source = new SourceSpec { Inline = new InlineSource { Files = new Dictionary<string, string> { ["index.js"] = "exports.handler = () => 'hi'" } } },
        },
    };

    public ALambda With(Func<LambdaSpec, LambdaSpec> change)
    {
        _lambda.Spec = change(_lambda.Spec);
        return this;
    }

    public ALambda WithSource(SourceSpec source) => With(spec => spec with { Source = source });

    public ALambda WithFiles(params string[] paths) =>
        WithSource(new SourceSpec { Inline = new InlineSource { Files = paths.ToDictionary(path => path, _ => "x") } });

    public ALambda WithEnv(params EnvVar[] env) => With(spec => spec with { Env = env });

    public ALambda WithTriggers(params TriggerSpec[] triggers) => With(spec => spec with { Triggers = triggers });

    public ALambda AtGeneration(long generation)
    {
        _lambda.Metadata.Generation = generation;
        return this;
    }

    public ALambda Deleted()
    {
        _lambda.Metadata.DeletionTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        return this;
    }

    public Lambda Build() => _lambda;
}
