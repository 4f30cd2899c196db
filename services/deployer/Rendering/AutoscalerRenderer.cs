using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Rendering;

/// <summary>The HorizontalPodAutoscaler, where the Lambda may have more replicas than its minimum.</summary>
internal static class AutoscalerRenderer
{
    private const int TargetPercent = 80;

    public static bool IsWanted(Workload workload) => workload.MaxReplicas > workload.MinReplicas;

    /// <param name="workload">What to render.</param>
    /// <param name="apiVersion"><c>autoscaling/v2</c> or <c>autoscaling/v2beta2</c>: their specs are the same.</param>
    public static V2HorizontalPodAutoscaler Render(Workload workload, string apiVersion) => new()
    {
        ApiVersion = apiVersion,
        Kind = "HorizontalPodAutoscaler",
        Metadata = Metadata.For(workload.Lambda),
        Spec = new V2HorizontalPodAutoscalerSpec
        {
            ScaleTargetRef = new V2CrossVersionObjectReference
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Name = Names.Workload(workload.Lambda),
            },
            MinReplicas = workload.MinReplicas,
            MaxReplicas = workload.MaxReplicas,
            Metrics = [new V2MetricSpec { Type = "Resource", Resource = new V2ResourceMetricSource { Name = "cpu", Target = Target(workload) } }],
        },
    };

    /// <summary>
    /// 80 % of the CPU that the user requested. Where nothing was requested, the default request is far below what a busy
    /// replica uses, and a share of it says nothing: there it is 80 % of what the container may use.
    /// </summary>
    private static V2MetricTarget Target(Workload workload)
    {
        if (workload.Spec.Resources?.Requests?.ContainsKey("cpu") == true)
            return new V2MetricTarget { Type = "Utilization", AverageUtilization = TargetPercent };
        var milli = decimal.Round(FunctionResources.CpuCores(workload.Spec.Resources) * 10 * TargetPercent);
        return new V2MetricTarget { Type = "AverageValue", AverageValue = new ResourceQuantity(milli, -3, ResourceQuantity.SuffixFormat.DecimalSI) };
    }
}
