using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Google.Cloud.Functions.Hosting;

/// <summary>
/// What a function adds to its host: https://github.com/GoogleCloudPlatform/functions-framework-dotnet/blob/main/docs/customization.md.
/// Named by <see cref="FunctionsStartupAttribute"/>.
/// </summary>
public abstract class FunctionsStartup
{
    /// <summary>Adds services that constructors of functions may ask for.</summary>
    public virtual void ConfigureServices(WebHostBuilderContext context, IServiceCollection services)
    {
        // Nothing, unless overridden.
    }

    /// <summary>Adds middleware in front of the function.</summary>
    public virtual void Configure(WebHostBuilderContext context, IApplicationBuilder app)
    {
        // Nothing, unless overridden.
    }

    /// <summary>Adds sources of configuration.</summary>
    public virtual void ConfigureAppConfiguration(WebHostBuilderContext context, IConfigurationBuilder configuration)
    {
        // Nothing, unless overridden.
    }

    /// <summary>Adds providers of logging.</summary>
    public virtual void ConfigureLogging(WebHostBuilderContext context, ILoggingBuilder logging)
    {
        // Nothing, unless overridden.
    }
}
