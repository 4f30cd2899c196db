using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace Kublambda.Hosting.Tests;

public sealed class MetricsTests
{
    [Fact]
    public async Task What_was_counted_before_the_first_scrape_is_in_it()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddHealthChecks();
        await using var app = builder.Build();
        app.MapKublambdaDefaults();

        using var meter = app.Services.GetRequiredService<IMeterFactory>().Create("kublambda");
        var counter = meter.CreateCounter<long>("counted_early");
        counter.Add(3);

        using var scrape = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(scrape, TestContext.Current.CancellationToken);
        Assert.Contains("kublambda_counted_early 3", Encoding.UTF8.GetString(scrape.ToArray()), StringComparison.Ordinal);
    }
}
