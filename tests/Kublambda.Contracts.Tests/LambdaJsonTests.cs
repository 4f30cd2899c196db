using k8s;
using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Tests;

public sealed class LambdaJsonTests
{
    [Fact]
    public void Quantities_are_read_from_text_and_from_numbers()
    {
        var spec = KubernetesJson.Deserialize<LambdaSpec>("""{"runtime":"nodejs","source":{},"resources":{"limits":{"cpu":2,"memory":"64Mi"}}}""");
        Assert.Equal("2", spec.Resources!.Limits!["cpu"]);
        Assert.Equal("64Mi", spec.Resources.Limits["memory"]);
    }

    [Fact]
    public void A_lambda_survives_the_way_to_JSON_and_back()
    {
        const string json = """
            {"apiVersion":"kublambda.dev/v1alpha1","kind":"Lambda","metadata":{"name":"a","namespace":"b"},
             "spec":{"runtime":"nodejs","handler":"index.handler","source":{"zip":{"configMap":{"name":"c","key":"k"}}},
                     "triggers":[{"name":"web","http":{"exposure":"ClusterIP"}}],"env":[{"name":"X","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]},
             "status":{"observedGeneration":3,"conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}
            """;
        var lambda = KubernetesJson.Deserialize<Lambda>(json);
        Assert.Equal("ClusterIP", lambda.Spec.Triggers![0].Http!.Exposure);
        Assert.Equal("k", lambda.Spec.Source.Zip!.ConfigMap!.Key);
        Assert.Equal(3, lambda.Status!.ObservedGeneration);
        Assert.Equal(KubernetesJson.Serialize(lambda), KubernetesJson.Serialize(KubernetesJson.Deserialize<Lambda>(KubernetesJson.Serialize(lambda))));
    }
}
