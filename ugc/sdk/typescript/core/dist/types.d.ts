/** What a page and the tracker say to each other. Nothing of this is left at run time. */
/** A problem document (RFC 9457) of the API, or what is known when a proxy answered instead. */
export interface Problem {
    status: number;
    code?: string;
    title?: string;
    detail?: string;
    /** Where the mistakes are, as JSON pointers into the request. */
    violations?: {
        pointer: string;
        keyword: string;
        message: string;
        expected?: unknown;
    }[];
}
/** What the API said of one event. */
export interface Answer {
    event: string;
    event_id: string;
    status: "accepted" | "rejected";
    /** The API knew this `event_id` already, from an earlier try. */
    duplicate?: boolean;
    problem?: Problem;
}
/** Two events that become one row: generated out of `x-pairing`. */
export interface Pair {
    start: string;
    end: string;
    /** The UUID that joins them; where there is none, the page gives the keys itself. */
    id?: string;
    /** Fields that both have, taken over from the start. */
    shared: readonly string[];
}
/** How the project's pages are viewed: a pair, and the field with the kind of page. */
export interface Pages {
    pair: string;
    type: string;
}
/** The kind of page; a function is asked again at every change of route. */
export type PageType<T = string> = T | (() => T | undefined);
export interface Options {
    /** Base address of the API; "" is the page's own origin. */
    url?: string;
    /** The signed-in user's access token; `refresh` asks for another, since the last was refused. */
    token?: (refresh: boolean) => string | null | undefined | Promise<string | null | undefined>;
    /** The application's key. */
    key?: string;
    /** Fields of the project's context that the tracker cannot know, for each event anew. */
    context?: object | (() => object);
    /** Whether anything may be stored and sent; true when left out. */
    consent?: boolean;
    /** Explains in the console why events were refused; a text is also the tag for the debugger. */
    debug?: string | boolean;
    /** Of the stored data; two applications on one origin need two names. */
    name?: string;
    /** Fields of the project's context, of which the tracker fills those that it knows. Generated. */
    fields?: readonly string[];
    /** The version that an event is sent in when none is named. Generated. */
    versions?: Readonly<Record<string, number>>;
    /** Generated. */
    pairs?: Readonly<Record<string, Pair>>;
    /** Generated. */
    pages?: Pages;
    onAnswer?: (answers: Answer[]) => void;
    /** Events that will never be sent, and why. */
    onDrop?: (count: number, reason: "full" | "consent") => void;
}
/** A pair that has begun. */
export interface Begun<End = object> {
    /** The UUID that joins the two events; "" where the pair has none. */
    id: string;
    /** Sends the end; only the first call does. */
    end(data?: End): void;
}
export interface Tracker {
    /** Queues an event, and gives its `event_id`. */
    track(event: string, data: object, more?: {
        version?: number;
    }): string;
    /** Begins a page view, which ends by itself; the one before ends with it. */
    pageView(type: PageType, more?: object): Begun;
    begin(pair: string, data: object): Begun;
    /** Sends what is queued; done when it was answered, or has to wait. */
    flush(): Promise<void>;
    /** At logout: sends what is queued, then begins a new visitor. Await it before the token goes. */
    reset(): Promise<void>;
    /** Off: what is stored is removed, and nothing is stored or sent. On: from then. */
    consent(given: boolean): void;
    /** How many events wait to be answered, as far as this page knows. */
    queued(): number;
}
