using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Services that give a name below theirs to anybody: those that the Public Suffix List lacks, and the largest that it has, for when
/// there is no list.</summary>
internal static class HostingSuffixes
{
    private const string Names = """
        weebly.com weeblysite.com godaddysites.com glitch.me 000webhostapp.com backblazeb2.com webcindario.com surge.sh webwave.dev mybluehost.me ubpages.com mobi.tt co.vu rf.gd serv00.net ukit.me start.page
        edgeone.dev edgeone.app temporary.site daftpage.com linkpc.net fleek.co work.gd freewebhostmost.com 4everland.app boxmode.io zapier.app w3spaces.com mixh.jp 1gb.ru de.vu de.vc ct.ws aero.tt
        m-pages.com studio.site cloudwaysapps.com hyperphp.com net.tf myportfolio.com sharepoint.com wixstudio.com wixstudio.io tw1.ru regruhosting.ru square.site mypinata.cloud page.link typeform.com jimdosite.com
        wikaba.com onedumb.com yourtrap.com jungleheart.com longmusic.com publicvm.com sexidude.com mefound.com zzux.com organiccrap.com youdontcare.com mrbasic.com toythieves.com mrbonus.com 2waky.com justdied.com instanthq.com
        otzo.com faqserv.com dumb1.com almostmy.com itemdb.com vizvaz.com gettrials.com ygto.com itsaol.com fartit.com freetcp.com serveusers.com jkub.com dns04.com zyns.com mrslove.com jetos.com serveuser.com x24hr.com 25u.com
        vercel.app netlify.app pages.dev workers.dev web.app firebaseapp.com github.io gitlab.io gitbook.io herokuapp.com onrender.com fly.dev glitch.me repl.co replit.app replit.dev webflow.io framer.website framer.app framer.ai
        wixsite.com wordpress.com blogspot.com tumblr.com webnode.com webnode.page mystrikingly.com carrd.co bubbleapps.io typedream.app notion.site canva.site teachable.com myshopify.com azurewebsites.net azurestaticapps.net
        cloudfunctions.net appspot.com run.app amplifyapp.com ngrok.io ngrok.app ngrok-free.app trycloudflare.com duckdns.org no-ip.org no-ip.biz ddns.net hopto.org zapto.org sytes.net servehttp.com serveftp.com servepics.com
        myftp.org mooo.com dynv6.net byethost.com epizy.com rf.gd infinityfreeapp.com 000.pe altervista.org lima-city.de beget.tech translate.goog deno.dev surge.sh render.com r2.dev ipfs.dweb.link filesusr.com
        dns05.com qhigh.com isasecret.com myddns.com codeanyapp.com iceiy.com swtest.ru blogspot.tw
        """;

    public static HashSet<ulong> Hashes { get; } = [.. Names.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(Hash)];

    private static ulong Hash(string name)
    {
        ulong hash = LabelHash.OfRoot;
        foreach (string label in name.Split('.').Reverse()) hash = LabelHash.Extend(hash, Encoding.ASCII.GetBytes(label));
        return hash;
    }
}
